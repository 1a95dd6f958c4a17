//! Names of reviews: they stand in file names and on command lines, so they are short and plain.

/// The longest name.
const LONGEST: usize = 40;

/// Whether something can be the name of a review.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn check_name(name: &str) -> Result<(), String> {
    let plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '.' | '_');
    let begins = name.chars().next().is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit());
    if begins && name.len() <= LONGEST && name.chars().all(plain) {
        return Ok(());
    }
    Err(format!(
        "a name has small letters, digits, dashes, dots and underscores, begins with one of the first two, and has at most \
         {LONGEST} of them: `2026-q4`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        for name in ["q4", "2026-q4", "admins_2026.1"] {
            assert_eq!(check_name(name), Ok(()));
        }
        for name in ["", "Q4", "../q4", ".q4", "q4/x", "-q4", "q 4", "q4\n", &"q".repeat(41)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
