//! Numbers for reading.

/// A number in groups of three digits: `1,204`.
pub fn grouped(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_three_digits_are_a_group() {
        let numbers = [(0_u64, "0"), (999, "999"), (1_000, "1,000"), (56_000, "56,000"), (1_234_567, "1,234,567")];
        for (number, words) in numbers {
            assert_eq!(grouped(number), words);
        }
    }
}
