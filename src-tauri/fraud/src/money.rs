//! Money as integer cents and the one way to write it.

/// Largest amount accepted anywhere, in cents: R100 million. Sums of it stay far inside `i64`.
pub const AMOUNT_CENTS_MAX: i64 = 10_000_000_000;

/// Writes cents the way people here read them: `R2,699.33`, `-R93.86`, `USD 12.00`.
pub fn format_cents(cents: i64, currency: &str) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let units = (cents.unsigned_abs() / 100).to_string();
    let mut grouped = String::with_capacity(units.len() + units.len() / 3);
    for (i, digit) in units.chars().enumerate() {
        if i > 0 && (units.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let symbol = if currency.eq_ignore_ascii_case("ZAR") { "R".to_owned() } else { format!("{currency} ") };
    format!("{sign}{symbol}{grouped}.{:02}", cents.unsigned_abs() % 100)
}

/// Writes rand.
pub fn rand(cents: i64) -> String {
    format_cents(cents, "ZAR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        for (cents, expected) in [
            (0, "R0.00"),
            (19_190, "R191.90"),
            (-9_386, "-R93.86"),
            (269_933, "R2,699.33"),
            (100_000_000, "R1,000,000.00"),
            (-5, "-R0.05"),
            (i64::MIN, "-R92,233,720,368,547,758.08"),
        ] {
            assert_eq!(rand(cents), expected);
        }
        assert_eq!(format_cents(1_200, "USD"), "USD 12.00");
    }
}
