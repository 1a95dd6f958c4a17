//! How the folder of a tenant is called. Names come from outside, so nothing in one may lead anywhere else, end the name, or be
//! taken for something that readers of Hive folders know by name.

use crate::digest::Digest;

/// Bytes of a name before it is cut. File systems take 255.
const LONGEST: usize = 150;

/// What readers of Hive folders take for no value. Some do so whatever the case.
const NO_VALUE: [&str; 2] = ["__hive_default_partition__", "null"];

/// `tenant=` and the name. Letters and digits stay, everything else is a percent sign and two digits for each byte, as in Hive.
/// A name that is too long is cut, and ends with a digest of the whole.
pub(super) fn of_tenant(tenant: &str) -> String {
    let mut name = String::from("tenant=");
    if NO_VALUE.contains(&tenant.to_ascii_lowercase().as_str()) {
        // Not taken for its meaning, as long as one letter of it is escaped.
        let mut letters = tenant.chars();
        letters.next().into_iter().for_each(|first| escape(first, &mut name));
        name.push_str(letters.as_str());
        return name;
    }
    for letter in tenant.chars() {
        if name.len() > LONGEST {
            name.push_str(&format!("~{}", Digest::of_bytes(tenant.as_bytes()).base32(16)));
            return name;
        }
        if letter.is_alphanumeric() || "-_.".contains(letter) {
            name.push(letter);
        } else {
            escape(letter, &mut name);
        }
    }
    name
}

fn escape(letter: char, name: &mut String) {
    for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
        name.push_str(&format!("%{byte:02X}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_folder_or_hides_in_it() {
        for (tenant, folder) in [
            ("acme.example", "tenant=acme.example"),
            ("../../etc", "tenant=..%2F..%2Fetc"),
            ("a=b%20\\c", "tenant=a%3Db%2520%5Cc"),
            ("two\nlines", "tenant=two%0Alines"),
            ("münchen\u{202e}", "tenant=münchen%E2%80%AE"),
            ("__HIVE_DEFAULT_PARTITION__", "tenant=%5F_HIVE_DEFAULT_PARTITION__"),
        ] {
            assert_eq!(of_tenant(tenant), folder);
        }
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let [one, other] = ["a", "b"].map(|end| of_tenant(&format!("{}{end}", "=日".repeat(900))));
        assert!(one != other && one.len() < 200, "{one}");
    }
}
