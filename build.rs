//! Lists every file under `rules/` into the binary, so that a new rule or profile needs no registration. Files at the top of
//! the folder are about rules and are none themselves. And tells the binary a digest of the code that reads rows, so that
//! it takes up no journal that other code wrote.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = Vec::new();
    if root.join("rules").is_dir() {
        for entry in fs::read_dir(root.join("rules"))? {
            let path = entry?.path();
            if path.is_dir() {
                list(&path, "yaml", &mut files)?;
            }
        }
    }
    files.sort();
    let (profiles, rules): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| file.starts_with(root.join("rules/profiles")));
    write("rule_files.rs", &root, &rules)?;
    write("profile_files.rs", &root, &profiles)?;
    println!("cargo::rustc-env=KEYROLL_SHAPES={:016x}", shapes(&root)?);
    Ok(())
}

/// A digest of what decides how a row is written. It need not be a strong one: nobody gains by two alike.
fn shapes(root: &Path) -> io::Result<u64> {
    let mut files = Vec::new();
    for place in ["src/sources", "src/http/paging.rs", "src/http/journal.rs", "src/model/fact.rs"] {
        println!("cargo::rerun-if-changed={place}");
        let path = root.join(place);
        if path.is_dir() {
            list(&path, "rs", &mut files)?;
        } else {
            files.push(path);
        }
    }
    files.sort();
    let mut digest = DefaultHasher::new();
    for file in files {
        fs::read(file)?.hash(&mut digest);
    }
    Ok(digest.finish())
}

fn write(name: &str, root: &Path, files: &[PathBuf]) -> io::Result<()> {
    let mut code = String::from("static FILES: &[(&str, &str)] = &[\n");
    for file in files {
        let name = file.strip_prefix(root).map_err(io::Error::other)?;
        let name = name.to_string_lossy().replace('\\', "/");
        // The folder is the compiler's to fill in: were it written here, each folder would give another program.
        let path = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?})", format!("/{name}"));
        writeln!(code, "    ({name:?}, include_str!({path})),").map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    fs::write(Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join(name), code)
}

fn list(folder: &Path, ending: &str, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, ending, files)?;
        } else if path.extension().is_some_and(|extension| extension == ending) {
            files.push(path);
        }
    }
    Ok(())
}
