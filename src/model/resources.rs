//! CPU and memory: asked for, allowed, used.

/// An amount of CPU and memory. Zero stands for none: the API treats a request of 0 as no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resources {
    /// Thousandths of a CPU.
    pub cpu_millis: i64,
    /// Bytes of memory.
    pub memory_bytes: i64,
}

impl Resources {
    /// CPU as a person reads it: `250m` below one CPU, `1.5` from there on. Empty for none.
    pub fn cpu_words(self) -> String {
        match self.cpu_millis {
            ..=0 => String::new(),
            millis @ 1..1000 => format!("{millis}m"),
            millis => decimal(millis, 1000),
        }
    }

    /// Memory as a person reads it, in powers of 1024: `64Mi`, `1.5Gi`. Empty for none.
    pub fn memory_words(self) -> String {
        const KI: i64 = 1 << 10;
        const MI: i64 = 1 << 20;
        const GI: i64 = 1 << 30;
        match self.memory_bytes {
            ..=0 => String::new(),
            bytes @ 1..KI => format!("{bytes}"),
            bytes @ KI..MI => format!("{}Ki", bytes / KI),
            bytes @ MI..GI => format!("{}Mi", bytes / MI),
            bytes => format!("{}Gi", decimal(bytes, GI)),
        }
    }
}

/// An amount in a unit, rounded down to a tenth; whole units from ten on.
fn decimal(amount: i64, unit: i64) -> String {
    match (amount / unit, amount % unit * 10 / unit) {
        (whole, 0) | (whole @ 10.., _) => whole.to_string(),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}

impl std::iter::Sum for Resources {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), |sum, one| Self {
            cpu_millis: sum.cpu_millis.saturating_add(one.cpu_millis),
            memory_bytes: sum.memory_bytes.saturating_add(one.memory_bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_one_unit() {
        let cpu = |cpu_millis| Resources { cpu_millis, ..Resources::default() }.cpu_words();
        assert_eq!(["", "1m", "999m", "1", "1.5", "12"].map(str::to_owned), [0, 1, 999, 1000, 1599, 12_700].map(cpu));
        let memory = |memory_bytes| Resources { memory_bytes, ..Resources::default() }.memory_words();
        let sizes = [0, 900, 2 << 10, 64 << 20, 3 << 29, 16 << 30];
        assert_eq!(["", "900", "2Ki", "64Mi", "1.5Gi", "16Gi"].map(str::to_owned), sizes.map(memory));
    }
}
