//! Names of new Jobs.

/// Bytes of the longest name that is given. A Job's name is the value of a label (63), and with `-` and the last index
/// behind it, at most ten digits, it has to be the name of a host (63 as well) where the Job is Indexed. See
/// `validateJobSpec` in `pkg/apis/batch/validation/validation.go` of Kubernetes.
const LONGEST: usize = 52;

/// A name for another run of a Job that nobody has yet: `etl-rerun`, then `etl-rerun-2`. A rerun of `etl-rerun-2` is
/// `etl-rerun-3`. It is a DNS label, cut so that it fits Indexed Jobs of any size.
pub fn name_of_rerun(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let (base, first) = match name.rsplit_once("-rerun") {
        Some((base, "")) => (base, 2),
        Some((base, rest)) => match rest.strip_prefix('-').and_then(|number| number.parse::<u64>().ok()) {
            Some(number) => (base, number.saturating_add(1)),
            None => (name, 1),
        },
        None => (name, 1),
    };
    numbered(base, "-rerun", first, taken)
}

/// A name for a run of a CronJob at `now`, in seconds since 1970: `report-manual-29631480`, with the minute in the form
/// in which the controller names its runs, which are `report-29631480` and thus never hindered; then
/// `report-manual-29631480-2`.
pub fn name_of_trigger(cronjob: &str, now: i64, taken: impl Fn(&str) -> bool) -> String {
    numbered(cronjob, &format!("-manual-{}", now.div_euclid(60)), 1, taken)
}

/// The first of `base` + `ending`, `base` + `ending` + `-2`, … that is free; 1 stands for the one without a number.
fn numbered(base: &str, ending: &str, first: u64, taken: impl Fn(&str) -> bool) -> String {
    let base = base.replace('.', "-");
    let name = |number: u64| {
        let ending = if number == 1 { ending.to_owned() } else { format!("{ending}-{number}") };
        // Names of objects are ASCII.
        let room = LONGEST.saturating_sub(ending.len());
        let cut: String = base.chars().take(room).collect();
        format!("{}{ending}", cut.trim_end_matches('-'))
    };
    (first..u64::MAX).map(name).find(|name| !taken(name)).unwrap_or(base)
}
