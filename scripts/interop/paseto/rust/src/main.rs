//! Checks with two libraries what Countersign made, and makes the same things for it. Material on stdin, a report of
//! each on a line of stdout.
mod pasetors_library;
mod rusty_library;

use serde_json::Value;

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is missing"))
}

pub fn list<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().unwrap_or_else(|| panic!("{name} is missing"))
}

pub fn same(what: &str, theirs: &str, ours: &str) {
    assert_eq!(theirs, ours, "{what}");
}

fn main() {
    let material: Value = serde_json::from_reader(std::io::stdin()).expect("the material is JSON");
    println!("{}", rusty_library::report(&material));
    println!("{}", pasetors_library::report(&material));
}
