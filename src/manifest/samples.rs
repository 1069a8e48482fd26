//! Manifests as people publish them, for tests.

macro_rules! samples {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../tests/fixtures/samples/", $name, ".yaml")))),*]
    };
}

/// All samples, by name.
pub(super) const SAMPLES: &[(&str, &str)] = samples! {
    "cronjob-daily-report-v1beta1"
    "cronjob-every-5-minutes"
    "job-api-specification-pseudo"
    "job-backup-placeholder-image"
    "job-batch-data-processing"
    "job-database-backup-pvc"
    "job-db-migration-basic"
    "job-db-migration-full"
    "job-image-processing-1000"
    "job-indexed-10"
    "job-indexed-batch-100"
    "job-indexed-parallel"
    "job-monitored-probes"
    "job-non-parallel"
    "job-nonindexed-5"
    "job-parallel-8-by-2"
    "job-parallel-fixed-completions"
    "job-pi"
    "job-resource-managed-anti-affinity"
    "job-retry-basic"
    "job-retry-robust"
    "job-secure"
    "job-single-task"
    "job-work-queue"
};

/// Calls this with texts that are cut and mutilated in many ways, always the same ones.
pub(super) fn for_mutilated(mut check: impl FnMut(&str)) {
    const PIECES: [&str; 16] =
        ["\t", ":", ": ", "- ", "{", "}", "[", "]", "'", "\"", "|\n", "é\u{a0}", "\r\n", "&a ", "*a", "\n---\n"];
    // A generator of Knuth's: what is tried needs to be varied, not random.
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below.max(1)
    };
    for (_, text) in SAMPLES {
        let letters: Vec<char> = text.chars().collect();
        for _ in 0..10 {
            check(&letters[..next(letters.len())].iter().collect::<String>());
            let (at, gone) = (next(letters.len()), next(40));
            let after = &letters[(at + gone).min(letters.len())..];
            let before: String = letters[..at].iter().collect();
            check(&(before + PIECES[next(PIECES.len())] + &after.iter().collect::<String>()));
        }
    }
}
