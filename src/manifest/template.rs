//! Templates of manifests, to be filled in: `{{name:default}}` is a placeholder, which the editor walks through.

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// The text, with its placeholders.
    pub text: String,
}

/// Those that the program has.
const BUILT_IN: [(&str, &str); 8] = [
    ("one-shot", include_str!("../../assets/templates/one-shot.yaml")),
    ("parallel", include_str!("../../assets/templates/parallel.yaml")),
    ("work-queue", include_str!("../../assets/templates/work-queue.yaml")),
    ("indexed", include_str!("../../assets/templates/indexed.yaml")),
    ("migration", include_str!("../../assets/templates/migration.yaml")),
    ("backup", include_str!("../../assets/templates/backup.yaml")),
    ("cronjob", include_str!("../../assets/templates/cronjob.yaml")),
    ("gpu", include_str!("../../assets/templates/gpu.yaml")),
];

/// The templates of the program, and the user's own, which stand for those of the program that have their names.
pub fn templates(own: &[Template]) -> Vec<Template> {
    let is_own = |name: &str| own.iter().any(|one| one.name == name);
    let built_in = BUILT_IN.iter().filter(|(name, _)| !is_own(name));
    let built_in = built_in.map(|(name, text)| Template { name: (*name).to_owned(), text: (*text).to_owned() });
    built_in.chain(own.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::lint::lint;
    use crate::manifest::{Catalogue, Severity, check, parse};
    use crate::model::clock::Time;

    /// The text with the defaults of its placeholders.
    fn filled(text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (inside, behind) = after.split_once("}}").unwrap();
            filled.push_str(before);
            filled.push_str(inside.split_once(':').unwrap().1);
            rest = behind;
        }
        filled + rest
    }

    #[test]
    fn every_template_is_a_manifest_without_a_fault_once_it_is_filled_in() {
        for Template { name, text } in templates(&[]) {
            let text = filled(&text);
            assert_eq!(check(&text, Catalogue::built_in()), [], "{name}:\n{text}");
            // Nobody but who fills it in knows the service account.
            let found = lint(&text, Catalogue::built_in(), Time::from_seconds(1_795_000_000)).findings;
            let grave = found.iter().filter(|one| one.severity > Severity::Note).map(|one| one.lint.id);
            assert_eq!(grave.collect::<Vec<_>>(), ["L080"], "{name}");
            let [document] = &parse(&text).documents[..] else { panic!("{name}") };
            let object = &document.object;
            let job =
                if object["kind"] == "CronJob" { &object["spec"]["jobTemplate"]["spec"] } else { &object["spec"] };
            assert!(
                job["activeDeadlineSeconds"].is_i64() && job["template"]["spec"]["restartPolicy"] == "Never",
                "{name}"
            );
            assert!(job["backoffLimit"].is_i64() || job["backoffLimitPerIndex"].is_i64(), "{name}");
            let container = &job["template"]["spec"]["containers"][0];
            assert!(container["resources"]["limits"]["memory"].is_string(), "{name}");
            assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false, "{name}");
        }
    }

    #[test]
    fn own_templates_stand_for_those_of_the_same_name() {
        let own = Template { name: "gpu".into(), text: "kind: Job".into() };
        let all = templates(std::slice::from_ref(&own));
        assert_eq!(all.iter().filter(|one| one.name == "gpu").collect::<Vec<_>>(), [&own]);
        assert_eq!(all.len(), BUILT_IN.len());
    }
}
