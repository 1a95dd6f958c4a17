//! Lists every file under `rules/` into the binary, so that a new rule or profile needs no registration. Files at the top of
//! the folder are about rules and are none themselves.

use std::fmt::Write as _;
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
                list(&path, &mut files)?;
            }
        }
    }
    files.sort();
    let (profiles, rules): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| file.starts_with(root.join("rules/profiles")));
    write("rule_files.rs", &root, &rules)?;
    write("profile_files.rs", &root, &profiles)
}

fn write(name: &str, root: &Path, files: &[PathBuf]) -> io::Result<()> {
    let mut code = String::from("static FILES: &[(&str, &str)] = &[\n");
    for file in files {
        let name = file.strip_prefix(root).map_err(io::Error::other)?;
        let name = name.to_string_lossy().replace('\\', "/");
        writeln!(code, "    ({name:?}, include_str!({:?})),", file.display().to_string()).map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    fs::write(Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join(name), code)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}
