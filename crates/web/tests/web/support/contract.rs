//! The files of `contract/`: the answers the api gives, which its own tests compare with what it answers.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value as Json;
use wiremock::ResponseTemplate;

/// The folder of this release's answers, and that of the release before.
pub const CURRENT: &str = "";
pub const PREVIOUS: &str = "previous";

/// One exchange.
#[derive(Clone, Debug, Deserialize)]
pub struct ContractFile {
    /// The name of the file, without its ending.
    #[serde(skip)]
    pub name: String,
    pub request: Json,
    pub status: u16,
    pub headers: Json,
    pub body: Json,
}

impl ContractFile {
    /// The answer, for a stub.
    pub fn answer(&self) -> ResponseTemplate {
        let mut answer = ResponseTemplate::new(self.status);
        let mut kind = String::new();
        for (name, value) in self.headers.as_object().unwrap() {
            let value = value.as_str().unwrap();
            match name.as_str() {
                "content-type" => value.clone_into(&mut kind),
                name => answer = answer.insert_header(name, value),
            }
        }
        if self.body.is_null() {
            return answer;
        }
        answer.set_body_raw(self.body.to_string(), &kind)
    }

    /// The same with another status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same with other fields, or more, in its body.
    pub fn with_body(mut self, fields: Json) -> Self {
        match (self.body.as_object_mut(), fields) {
            (Some(body), Json::Object(fields)) => body.extend(fields),
            (_, body) => self.body = body,
        }
        self
    }

    /// The same with another header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers[name] = value.into();
        self
    }

    /// The same without a header.
    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.as_object_mut().unwrap().remove(name);
        self
    }
}

fn folder(release: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../contract")
        .join(release)
}

/// All files of a release.
pub fn files(release: &str) -> Vec<ContractFile> {
    let entries = fs::read_dir(folder(release)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.is_file())
        .map(|path| read(&path))
        .collect()
}

/// One file of a release.
pub fn file(release: &str, name: &str) -> ContractFile {
    read(&folder(release).join(format!("{name}.json")))
}

/// The file of this release for a kind of problem, where it is one that has a file.
pub fn problem(kind: &str) -> Option<ContractFile> {
    let path = folder(CURRENT).join(format!("problem-{kind}.json"));
    path.is_file().then(|| read(&path))
}

fn read(path: &Path) -> ContractFile {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: ContractFile =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    ContractFile {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        ..file
    }
}
