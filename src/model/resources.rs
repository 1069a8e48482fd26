//! Amounts of resources: numbers with a suffix as the API writes them, and CPU and memory that are asked for, allowed
//! and used. It only counts; what belongs to whom is [`super::snapshot`]'s, how it is written on screen the view's.

use compact_str::CompactString;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// An amount of CPU and memory. Zero stands for none: the API treats a request of 0 as no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resources {
    /// Thousandths of a CPU.
    pub cpu_millis: i64,
    /// Bytes of memory.
    pub memory_bytes: i64,
}

impl Resources {
    /// The amount of CPU or memory by its name. None of other resources.
    pub fn amount(self, resource: &str) -> Option<Quantity> {
        match resource {
            "cpu" => Quantity::parse(&format!("{}m", self.cpu_millis)),
            "memory" => Quantity::parse(&self.memory_bytes.to_string()),
            _ => None,
        }
    }

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

/// Amounts by the name of the resource: `cpu`, `memory`, `requests.storage`, `nvidia.com/gpu`, `count/jobs.batch`.
pub type Amounts = Box<[(CompactString, Quantity)]>;

/// The amount of a resource; None where it is not among them.
pub fn amount_of(amounts: &[(CompactString, Quantity)], resource: &str) -> Option<Quantity> {
    amounts.iter().find(|(name, _)| name == resource).map(|(_, amount)| *amount)
}

/// A number of the API such as `500m` or `1Gi`, in billionths, which is the finest that the API keeps. Anything smaller
/// is rounded away from zero, anything larger than 64 bits hold is cut to that, both as in
/// `k8s.io/apimachinery/pkg/api/resource/quantity.go`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Quantity(i128);

/// Billionths in one.
const NANOS: i128 = 1_000_000_000;

/// The largest amount, in billionths.
const LARGEST: i128 = i64::MAX as i128 * NANOS;

impl Quantity {
    /// The amount that this text writes: a sign, digits with a point, and a suffix of tens (`n u m k M G T P E`), of
    /// twos (`Ki Mi Gi Ti Pi Ei`) or an exponent (`e3`, `E-3`). None where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (is_negative, text) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let number = nanos(number)?;
        let size = match suffix {
            "" => number,
            "n" => scaled(number, -9),
            "u" => scaled(number, -6),
            "m" => scaled(number, -3),
            "k" => scaled(number, 3),
            "M" => scaled(number, 6),
            "G" => scaled(number, 9),
            "T" => scaled(number, 12),
            "P" => scaled(number, 15),
            "E" => scaled(number, 18),
            "Ki" => times(number, 1 << 10),
            "Mi" => times(number, 1 << 20),
            "Gi" => times(number, 1 << 30),
            "Ti" => times(number, 1 << 40),
            "Pi" => times(number, 1 << 50),
            "Ei" => times(number, 1 << 60),
            _ => scaled(number, suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
        };
        Some(Self(if is_negative { -size } else { size }))
    }

    /// The amount in thousandths, rounded away from zero: what `500m` of a CPU is counted in.
    pub fn millis(self) -> i64 {
        self.in_units_of(NANOS / 1_000)
    }

    /// The amount as a whole number, rounded away from zero: bytes, pods, devices.
    pub fn whole(self) -> i64 {
        self.in_units_of(NANOS)
    }

    /// Both amounts together.
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0).clamp(-LARGEST, LARGEST))
    }

    /// What is left when another amount is taken away.
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).clamp(-LARGEST, LARGEST))
    }

    /// How many of these fit into this amount, at most 2^63 - 1; None of nothing, of which any number fits.
    pub fn divided_by(self, one: Self) -> Option<i64> {
        let number = self.0.checked_div(one.0)?;
        // Cut to 64 bits in the same line.
        Some(number.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }

    /// As the API writes it: whole numbers with the largest binary suffix that fits without a rest, parts of one in
    /// thousandths.
    pub fn words(self) -> String {
        if self.0 % NANOS != 0 {
            return format!("{}m", self.millis());
        }
        let whole = self.0 / NANOS;
        let fits = BINARY.into_iter().find(|(_, unit)| whole != 0 && whole % unit == 0);
        fits.map_or_else(|| whole.to_string(), |(suffix, unit)| format!("{}{suffix}", whole / unit))
    }

    /// As a person reads it: [`Self::words`], where those have many digits rounded down to a tenth of the largest binary
    /// unit. `24632884Ki` is `23.4Gi`. Not for what is sent to a server.
    pub fn about(self) -> String {
        let whole = self.0 / NANOS;
        match BINARY.into_iter().find(|(_, unit)| whole >= *unit) {
            Some((suffix, unit)) if self.words().len() > 6 => {
                let tenths = whole * 10 / unit;
                format!("{}.{}{suffix}", tenths / 10, tenths % 10)
            }
            _ => self.words(),
        }
    }

    fn in_units_of(self, unit: i128) -> i64 {
        let size = rounded_up(self.0.abs(), unit).min(i64::MAX.into());
        // Cut to 64 bits one line above.
        let size = size as i64;
        if self.0 < 0 { -size } else { size }
    }
}

/// The binary suffixes, the largest first.
const BINARY: [(&str, i128); 6] =
    [("Ei", 1 << 60), ("Pi", 1 << 50), ("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];

/// Billionths of a number in tens without sign or suffix. None where there is no digit, or a second point.
fn nanos(number: &str) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let digit = |byte: u8| i128::from(byte - b'0');
    let size = whole.bytes().fold(0_i128, |sum, byte| (sum * 10 + digit(byte)).min(i64::MAX.into())) * NANOS;
    let (fine, finer) = fraction.split_at(fraction.len().min(9));
    let (fine, _) = fine.bytes().fold((0, NANOS / 10), |(sum, place), byte| (sum + digit(byte) * place, place / 10));
    Some(size + fine + i128::from(finer.bytes().any(|byte| byte != b'0')))
}

/// The number times this power of ten.
fn scaled(number: i128, exponent: i32) -> i128 {
    let factor = 10_i128.checked_pow(exponent.unsigned_abs());
    match factor {
        Some(factor) if exponent >= 0 => times(number, factor),
        Some(factor) => rounded_up(number, factor),
        // So large that it cuts everything but zero to the largest or the smallest amount.
        None if exponent >= 0 => times(number, LARGEST),
        None => number.min(1),
    }
}

fn times(number: i128, factor: i128) -> i128 {
    number.checked_mul(factor).map_or(LARGEST, |product| product.min(LARGEST))
}

fn rounded_up(number: i128, unit: i128) -> i128 {
    number / unit + i128::from(number % unit != 0)
}

impl<'de> Deserialize<'de> for Quantity {
    /// Reads text, and a bare number as the API does.
    ///
    /// # Errors
    /// Where it is no quantity: a server cannot hold such an object.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Quantity;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a quantity such as 500m or 1Gi")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Quantity, E> {
                Quantity::parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Quantity, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Quantity, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Quantity, E> {
                self.visit_str(&number.to_string())
            }
        }
        deserializer.deserialize_any(Text)
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

    fn both(text: &str) -> Option<(i64, i64)> {
        Quantity::parse(text).map(|amount| (amount.whole(), amount.millis()))
    }

    #[test]
    fn quantities_are_read_as_the_api_writes_them() {
        let cases = [
            ("0", 0, 0),
            ("1", 1, 1_000),
            ("500m", 1, 500),
            ("1500m", 2, 1_500),
            ("0.5", 1, 500),
            (".5", 1, 500),
            ("1.", 1, 1_000),
            ("+2k", 2_000, 2_000_000),
            ("-1500m", -2, -1_500),
            ("100n", 1, 1),
            ("2500u", 1, 3),
            ("128974848", 128_974_848, 128_974_848_000),
            ("129e6", 129_000_000, 129_000_000_000),
            ("1E-3", 1, 1),
            ("12E3", 12_000, 12_000_000),
            ("129M", 129_000_000, 129_000_000_000),
            ("123Mi", 128_974_848, 128_974_848_000),
            ("1.5Gi", 1_610_612_736, 1_610_612_736_000),
            ("24632884Ki", 25_224_073_216, 25_224_073_216_000),
            ("0.0000000001", 1, 1),
            ("0.100000000000000000000000000000000000000001", 1, 101),
        ];
        for (text, whole, millis) in cases {
            assert_eq!(both(text), Some((whole, millis)), "{text}");
        }
    }

    #[test]
    fn suffixes_are_powers_of_ten_or_two() {
        for (at, suffix) in ["k", "M", "G", "T", "P", "E"].into_iter().enumerate() {
            let power = u32::try_from(at).unwrap() + 1;
            assert_eq!(Quantity::parse(&format!("3{suffix}")).unwrap().whole(), 3 * 1_000_i64.pow(power), "{suffix}");
            let twos = Quantity::parse(&format!("3{suffix}i").replace('k', "K")).unwrap();
            assert_eq!(twos.whole(), 3 * 1_024_i64.pow(power), "{suffix}i");
        }
    }

    #[test]
    fn amounts_beyond_64_bits_are_cut() {
        for text in ["9Ei", "100E", "99999999999999999999999999999999999999999999999", "1e999999999"] {
            assert_eq!(both(text), Some((i64::MAX, i64::MAX)), "{text}");
        }
        assert_eq!(both("-100E"), Some((-i64::MAX, -i64::MAX)));
        assert_eq!(both("1e-999999999"), Some((1, 1)));
        assert_eq!((both("0e999999999"), both("0e-999999999")), (Some((0, 0)), Some((0, 0))));
        assert_eq!(both("8Ei"), Some((i64::MAX, i64::MAX)));
    }

    #[test]
    fn amounts_of_many_digits_are_rounded_down_for_a_reader() {
        let about = |text: &str| Quantity::parse(text).unwrap().about();
        for (text, wanted) in [
            ("24632884Ki", "23.4Gi"),
            ("271830532096", "253.1Gi"),
            ("4000Gi", "4000Gi"),
            ("100Mi", "100Mi"),
            ("1900m", "1900m"),
            ("0", "0"),
            ("123456", "123456"),
            ("1234567", "1.1Mi"),
        ] {
            assert_eq!(about(text), wanted);
        }
    }

    #[test]
    fn what_is_no_quantity_is_none() {
        for text in
            ["", ".", "-", "m", "1.2.3", "1 Gi", "1gi", "2E1Ei", "1K", "1ki", "1e", "1e1.5", "e3", "1µ", "--1", "1Mi "]
        {
            assert_eq!(Quantity::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn quantities_are_written_as_people_write_them() {
        for text in ["0", "1", "500m", "1500m", "2", "512Mi", "1536Mi", "2Gi", "1000", "-500m", "3Ki"] {
            assert_eq!(Quantity::parse(text).unwrap().words(), text);
        }
        let amount = |text| Quantity::parse(text).unwrap();
        assert_eq!(amount("2").minus(amount("1900m")).words(), "100m");
        assert_eq!(amount("1Gi").minus(amount("512Mi")).words(), "512Mi");
        assert_eq!(amount("1500m").plus(amount("700m")).words(), "2200m");
    }

    #[test]
    fn so_many_fit_as_fit_whole() {
        let fit = |amount, one| Quantity::parse(amount).unwrap().divided_by(Quantity::parse(one).unwrap());
        assert_eq!(
            (fit("2", "700m"), fit("1Gi", "256Mi"), fit("0", "1"), fit("1", "0")),
            (Some(2), Some(4), Some(0), None)
        );
    }

    #[test]
    fn quantities_in_json_are_text_or_numbers() {
        let read = |json: &str| serde_json::from_str::<Quantity>(json).ok().map(Quantity::millis);
        assert_eq!(
            (read("\"100m\""), read("2"), read("-2"), read("0.5")),
            (Some(100), Some(2_000), Some(-2_000), Some(500))
        );
        assert_eq!((read("\"much\""), read("null"), read("{}")), (None, None, None));
    }

    #[test]
    fn sums_stop_at_the_largest_number() {
        let most = Resources { cpu_millis: i64::MAX, memory_bytes: 1 };
        let sum: Resources = [most, Resources { cpu_millis: 1, memory_bytes: 2 }].into_iter().sum();
        assert_eq!(sum, Resources { cpu_millis: i64::MAX, memory_bytes: 3 });
    }
}
