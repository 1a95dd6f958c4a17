//! The text of a file: what is no table in UTF-8 is recognised, and told with what to do.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use chrono::{DateTime, Utc};

use super::Mistake;
use crate::document::delimited::Lines;
use crate::text::thousands;

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sources) struct LocalFile {
    /// All of its text, without the mark of its encoding.
    pub(in crate::sources) text: String,
    /// When it was last written, if the system tells.
    pub(in crate::sources) modified: Option<DateTime<Utc>>,
}

/// Reads a file of at most so many bytes.
///
/// # Errors
/// When it cannot be read, is too large, or is no text that could be a table.
pub(in crate::sources) fn open(path: &Path, most: u64) -> Result<LocalFile, Mistake> {
    let unreadable = |error: std::io::Error| {
        let help = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "write the export there, or mend `path`; it starts at the configuration's folder"
            }
            std::io::ErrorKind::PermissionDenied => "let the account that runs keyroll read it",
            _ => "see that it can be read",
        };
        Mistake::of_file(format!("cannot be read: {error}")).help(help)
    };
    let found = std::fs::metadata(path).map_err(unreadable)?;
    // A pipe or a device might never end.
    if !found.is_file() {
        return Err(Mistake::of_file("is no file").help("name the export itself"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(most.saturating_add(1)).read_to_end(&mut bytes)).map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > most) {
        let most = thousands(usize::try_from(most / 1_048_576).unwrap_or(usize::MAX));
        return Err(
            Mistake::of_file(format!("is larger than {most} MiB")).help("export less, or in parts with a source each")
        );
    }
    let modified = found.modified().ok().map(DateTime::<Utc>::from);
    decode(bytes).map(|text| LocalFile { text, modified })
}

/// The text of the bytes, if it can be a table.
fn decode(bytes: Vec<u8>) -> Result<String, Mistake> {
    if let Some((what, help)) = binary(&bytes) {
        return Err(Mistake::of_file(what).help(help));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(no_utf8(error.as_bytes(), error.utf8_error())),
    };
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Mistake::of_file("is empty")
            .help("not even the names of the columns are there: see what became of the export"));
    }
    if text.trim_start().starts_with('<') {
        let help = "perhaps the page of a login was saved instead of the export";
        return Err(Mistake::of_file("is a web page or XML, and no table").help(help));
    }
    if let Some(at) = text.find('\0') {
        let line = Lines::new(&text).line_of(at);
        let mistake = Mistake::at(format!("line {line}"), at..at, "has a zero byte, which no text has");
        return Err(mistake.help("the file is damaged, or no text: write the export again"));
    }
    Ok(text)
}

/// What a file is that begins like no text, and what to do.
fn binary(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const AS_UTF8: &str = "save it as UTF-8, or convert it: `iconv -f UTF-16 -t UTF-8`";
    const AS_CSV: &str = "export it as CSV in UTF-8";
    let head = bytes.get(..bytes.len().min(4_096)).unwrap_or_default();
    let zeros = head.iter().filter(|byte| **byte == 0).count();
    match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(("is written in UTF-16", AS_UTF8)),
        [b'P', b'K', 3, 4, ..] => Some(("is a spreadsheet or an archive, and no text", AS_CSV)),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some(("is a spreadsheet, and no text", AS_CSV)),
        [0x1f, 0x8b, ..] => Some(("is compressed", "unpack it: `gunzip`")),
        [b'%', b'P', b'D', b'F', ..] => Some(("is a PDF, and no text", AS_CSV)),
        _ if zeros * 4 >= head.len().max(1) => Some(("is written in UTF-16", AS_UTF8)),
        _ => None,
    }
}

/// Where the text stops being UTF-8, and what it probably is.
fn no_utf8(bytes: &[u8], error: std::str::Utf8Error) -> Mistake {
    let at = error.valid_up_to();
    let before = bytes.get(..at).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let place = format!("line {line}");
    if error.error_len().is_none() {
        return Mistake::at(place, 0..0, "the file ends in the middle of a letter")
            .help("it was cut off: write the export again");
    }
    let byte = bytes.get(at).copied().unwrap_or_default();
    let what = format!("byte 0x{byte:02X} is no UTF-8; it is how Latin-1 and Windows-1252 write some letters");
    Mistake::at(place, 0..0, what).help("save the file as UTF-8, or convert it: `iconv -f WINDOWS-1252 -t UTF-8`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> String {
        decode(bytes.to_vec()).unwrap_err().in_words()
    }

    #[test]
    fn what_is_no_table_in_utf8_is_recognised() {
        let utf16: Vec<u8> = "id;name\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(told(&utf16).contains("UTF-16"));
        assert!(told(&[&[0xff, 0xfe], utf16.as_slice()].concat()).contains("iconv -f UTF-16"));
        let latin = told(b"id,name\n1,ok\n2,M\xfcller\n");
        assert!(latin.starts_with("line 3: byte 0xFC") && latin.contains("WINDOWS-1252"), "{latin}");
        assert!(told(b"id,name\n1,M\xc3").contains("cut off"));
        assert!(told(b"PK\x03\x04rest").contains("spreadsheet"));
        assert!(told(b"\x1f\x8b\x08").contains("gunzip"));
        assert!(told(b"\n <!DOCTYPE html><html>").contains("login"));
        assert!(told(b"").contains("empty") && told(b"\xef\xbb\xbf \r\n").contains("empty"));
        assert!(told(b"id,name,more,columns\n1,a\0b,c,d\n").starts_with("line 2: has a zero byte"));
    }

    #[test]
    fn a_mark_of_the_encoding_is_no_part_of_the_text() {
        assert_eq!(decode(b"\xef\xbb\xbfid\n1\n".to_vec()).unwrap(), "id\n1\n");
    }

    #[test]
    fn a_file_is_guarded_by_its_size_and_its_sort() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, "id\n1\n").unwrap();
        assert!(open(&path, 5).unwrap().modified.is_some());
        assert!(open(&path, 4).unwrap_err().in_words().contains("larger"));
        assert!(open(folder.path(), 4).unwrap_err().in_words().contains("is no file"));
        assert!(open(&folder.path().join("y.csv"), 4).unwrap_err().in_words().contains("mend `path`"));
    }
}
