//! `qkdpp demo`, `simulate`, `distill` and `ledger` as a user runs them.

mod bad_input;
mod fixture;
mod ledger;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use fixture::{BBM92, DECOY, Folder, qkdpp};

fn json(arguments: &[&str]) -> Value {
    let run = qkdpp(arguments);
    assert!(run.success, "{arguments:?}: {}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stdout))
}

fn blocks(summary: &Value) -> &Vec<Value> {
    summary["blocks"].as_array().expect("a list of blocks")
}

#[test]
fn the_demo_gives_equal_keys_and_a_report() {
    let folder = Folder::new();
    let (config, out) = (folder.write("decoy.toml", DECOY), folder.path("out"));
    let run = qkdpp(&["demo", "--config", &config, "--blocks", "2", "--out", &out]);
    assert!(run.success, "{}", run.stderr);
    assert_eq!(run.stderr, "", "no noise where nobody watches");
    assert!(run.stdout.contains("secret bits, equal on both sides"), "{}", run.stdout);
    for column in ["sifted bits", "QBER", "leak bits", "secret bits", "per s of link", "per s of CPU"] {
        assert!(run.stdout.contains(column), "{column}: {}", run.stdout);
    }
    let mut left: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["alice.ledger", "bob.ledger", "report.html"], "the key pools are gone");
    let page = fs::read_to_string(Path::new(&out).join("report.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 3);
    for outside in ["src=", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "the page is one file, but has {outside}");
    }
}

#[test]
fn the_json_adds_up() {
    let folder = Folder::new();
    let (config, out) = (folder.write("decoy.toml", DECOY), folder.path("out"));
    // Seeded: about one Cascade frame in ten thousand keeps an error, and its segment is more than half of so small a block.
    let demo = ["demo", "--config", &config, "--blocks", "2", "--out", &out, "--json", "--seed", "5"];
    let summary = json(&demo);
    assert_eq!(summary["keys_equal"], true);
    assert_eq!(blocks(&summary).len(), 2);
    let mut secret = 0;
    for block in blocks(&summary) {
        let (sifted, leak, bits) =
            (&block["sifted_bits"], &block["leak_bits"], block["secret_bits"].as_u64().unwrap());
        assert!(bits > 0 && bits + leak.as_u64().unwrap() < sifted.as_u64().unwrap());
        // 10 million slots at 1 GHz.
        assert_eq!(block["link_seconds"], 0.01);
        assert!((block["secret_bits_per_link_second"].as_f64().unwrap() - bits as f64 / 0.01).abs() < 1.0);
        secret += bits;
    }
    assert_eq!(summary["total"]["secret_bits"], secret);
    // The closed form and the run describe one link.
    let modelled = summary["modelled"]["qber"].as_f64().unwrap();
    assert!((summary["total"]["qber"].as_f64().unwrap() / modelled - 1.0).abs() < 0.1);
}

#[test]
fn a_demo_under_attack_says_what_the_monitors_saw() {
    let folder = Folder::new();
    let (config, out) = (folder.write("decoy.toml", DECOY), folder.path("out"));
    let attack = "photon-splitting@10000000";
    let demo =
        ["demo", "--config", &config, "--blocks", "2", "--out", &out, "--seed", "5", "--attack", attack];
    let run = qkdpp(&demo);
    assert!(run.success, "{}", run.stderr);
    for said in
        ["under attack: photon-splitting=1@10000000", "1 of 2 blocks discarded on an alarm", "gain ratios"]
    {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    let page = fs::read_to_string(Path::new(&out).join("report.html")).unwrap();
    assert!(page.contains("<h2>Monitors</h2>") && page.contains("ALARM in 1 of 2 blocks"));

    let summary = json(&[&demo[..], &["--json"]].concat());
    let [healthy, split] = [0, 1].map(|block| &blocks(&summary)[block]["report"]);
    assert_eq!(healthy["ledger"]["alarms"], serde_json::json!({"alice": false, "bob": false}));
    assert_eq!(split["ledger"]["alarms"], serde_json::json!({"alice": true, "bob": true}));
    assert_eq!((&split["ledger"]["secret"], &split["evaluation"]["ell"]), (&Value::from(0), &Value::from(0)));
    let find = |report: &Value, monitor: &str| -> Value {
        let findings = report["monitors"].as_array().expect("findings");
        findings.iter().find(|finding| finding["monitor"] == monitor).expect(monitor).clone()
    };
    assert_eq!(find(split, "gain-ratios")["verdict"], "alarm");
    assert_eq!(find(healthy, "gain-ratios")["verdict"], "fine");
    // How many ones the key has is nobody's business, unless the key is none.
    assert_eq!(find(healthy, "ones")["events"], Value::Null);
    assert!(find(split, "ones")["events"].is_u64());

    let run = qkdpp(&["demo", "--config", &config, "--out", &out, "--attack", "torch"]);
    assert!(!run.success && run.stderr.contains("no attack is called \"torch\""), "{}", run.stderr);
}

#[test]
fn a_seeded_demo_repeats_bit_for_bit_on_every_backend() {
    let folder = Folder::new();
    let (config, out) = (folder.write("bbm92.toml", BBM92), folder.path("out"));
    let digests = |seed: &str, backend: &str| -> Vec<String> {
        let arguments =
            ["demo", "--config", &config, "--blocks", "2", "--out", &out, "--json", "--seed", seed];
        let summary = json(&[&arguments[..], &["--backend", backend]].concat());
        blocks(&summary).iter().map(|block| block["key_digest"].as_str().unwrap().to_owned()).collect()
    };
    let first = digests("7", "cpu:auto");
    assert_ne!(first[0], first[1]);
    assert_eq!(digests("7", "cpu:auto"), first);
    assert_eq!(digests("7", "cpu:reference"), first);
    assert_eq!(digests("7", "sim:model"), first);
    if cfg!(feature = "rtl") {
        assert_eq!(digests("7", "sim:rtl"), first);
    }
    assert_ne!(digests("8", "cpu:auto"), first);
}

#[test]
fn a_demo_on_a_device_shows_what_the_device_did() {
    let folder = Folder::new();
    let (config, out) = (folder.write("bbm92.toml", BBM92), folder.path("out"));
    let demo = ["demo", "--config", &config, "--blocks", "1", "--out", &out, "--backend", "sim:model"];
    let run = qkdpp(&demo);
    assert!(run.success, "{}", run.stderr);
    let devices = run.stdout.split("\ndevices").nth(1).expect("counters at the end");
    for count in ["jobs", "completed", "bytes to device", "DMA pool bytes"] {
        assert!(devices.contains(count), "{count}: {devices}");
    }
    let summary = json(&[&demo[..], &["--json"]].concat());
    assert_eq!(
        summary["blocks"][0]["key_digest"],
        Value::Null,
        "a digest would tell something about the key"
    );
    let counts = summary["devices"].as_array().expect("counters of the devices");
    let count = |name: &str| {
        let row = counts.iter().find(|row| row["count"] == name).expect("a counter");
        [row["alice"].as_u64().unwrap(), row["bob"].as_u64().unwrap()]
    };
    assert!(count("completed").into_iter().all(|jobs| jobs > 0));
    assert_eq!(count("fallbacks, device"), [0, 0]);
    assert_eq!(count("lost interrupts"), [0, 0]);
}

#[test]
fn a_build_without_the_rtl_says_how_to_get_it() {
    if !cfg!(feature = "rtl") {
        let run = qkdpp(&["demo", "--backend", "sim:rtl"]);
        assert!(!run.success && run.stderr.contains("--features rtl"), "{}", run.stderr);
    }
}

#[test]
fn simulated_records_are_distilled_like_the_demo_that_has_their_seed() {
    let folder = Folder::new();
    let (config, out, again) = (folder.write("bbm92.toml", BBM92), folder.path("out"), folder.path("again"));
    for out in [&out, &again] {
        let run = qkdpp(&["simulate", "--config", &config, "--seed", "7", "--blocks", "2", "--out", out]);
        assert!(run.success, "{}", run.stderr);
    }
    let files = ["alice.qkdraw", "bob.qkdraw", "config.toml"];
    let [alice, bob, copy] = files.map(|name| Path::new(&out).join(name).display().to_string());
    for name in files {
        assert_eq!(
            fs::read(Path::new(&out).join(name)).unwrap(),
            fs::read(Path::new(&again).join(name)).unwrap(),
            "{name}: the seed fixes the record"
        );
    }
    let distilled = json(&["distill", "--alice", &alice, "--bob", &bob, "--config", &copy, "--json"]);
    let demo = json(&[
        "demo",
        "--config",
        &config,
        "--blocks",
        "2",
        "--seed",
        "7",
        "--out",
        &folder.path("demo"),
        "--json",
    ]);
    for (distilled, demo) in blocks(&distilled).iter().zip(blocks(&demo)) {
        assert!(distilled["secret_bits"].as_u64().unwrap() > 0);
        for field in ["detections", "matched", "double_clicks"] {
            assert_eq!(distilled["report"][field], demo["report"][field], "{field}");
        }
    }
    assert_eq!(blocks(&distilled).len(), 2);
}

/// A record published by others, or `None`, said aloud.
fn real(name: &str) -> Option<String> {
    let folder = std::env::var_os("QKDPP_REAL_RECORDS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/real"), PathBuf::from);
    let path = folder.join(name);
    if !path.exists() {
        eprintln!("SKIPPED: no {} (set QKDPP_REAL_RECORDS)", path.display());
        return None;
    }
    Some(path.display().to_string())
}

#[test]
fn a_real_sifted_pair_gives_a_key() {
    let (Some(alice), Some(bob)) = (real("sifted-alice.bin"), real("sifted-bob.bin")) else { return };
    let arguments = ["distill", "--alice", &alice, "--bob", &bob, "--config", "sifted-pair", "--json"];
    let summary = json(&arguments);
    let [block] = &blocks(&summary)[..] else { panic!("one block") };
    assert_eq!(block["report"]["detections"], 105_976);
    let qber = block["report"]["qber"].as_f64().unwrap();
    assert!((0.034..0.038).contains(&qber), "3.6 % without the sample: {qber}");
    assert!(block["secret_bits"].as_u64().unwrap() > 20_000, "{block}");
    assert_eq!(block["link_seconds"], Value::Null, "sifted keys have no clock");

    let part = json(&[&arguments[..], &["--bits", "50000"]].concat());
    assert_eq!(blocks(&part)[0]["report"]["detections"], 50_000);
}

#[test]
fn a_real_three_state_record_is_told_how_much_is_missing() {
    let Some(path) = real("three-state-one-decoy.csv") else { return };
    let summary =
        json(&["distill", "--alice", &path, "--bob", &path, "--config", "three-state-one-decoy", "--json"]);
    let [block] = &blocks(&summary)[..] else { panic!("one block") };
    assert_eq!(block["report"]["n_key"], serde_json::json!([15_766, 4_655]));
    assert_eq!(block["report"]["n_test"], serde_json::json!([1_347, 391]));
    assert_eq!(block["report"]["errors"], 136 + 36);
    assert_eq!(block["secret_bits"], 0, "40,000 detections are too few");
    assert!(block["report"]["no_key"].as_str().unwrap().contains("single photon"));
    assert!(block["detections_needed"].as_u64().unwrap() > 40_000);
    assert!(summary["notes"].to_string().contains("assumed"));
}

#[test]
fn a_seeded_distillation_gives_the_keys_of_the_demo_with_that_seed() {
    let folder = Folder::new();
    let (config, out, keys) = (folder.write("bbm92.toml", BBM92), folder.path("out"), folder.path("keys"));
    let run = qkdpp(&["simulate", "--config", &config, "--seed", "7", "--blocks", "2", "--out", &out]);
    assert!(run.success, "{}", run.stderr);
    let [alice, bob] =
        ["alice.qkdraw", "bob.qkdraw"].map(|name| Path::new(&out).join(name).display().to_string());
    let distill = ["distill", "--alice", &alice, "--bob", &bob, "--config", &config, "--json"];
    let digests = |summary: &Value| -> Vec<Value> {
        blocks(summary).iter().map(|block| block["key_digest"].clone()).collect()
    };
    let seeded = json(&[&distill[..], &["--seed", "7", "--keys", &keys]].concat());
    let demo = ["demo", "--config", &config, "--blocks", "2", "--seed", "7", "--out", &out, "--json"];
    assert_eq!(digests(&seeded), digests(&json(&demo)));
    assert!(digests(&seeded).iter().all(Value::is_string));
    assert_ne!(digests(&json(&[&distill[..], &["--seed", "8"]].concat())), digests(&seeded));

    let text = fs::read_to_string(&keys).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    for (line, block) in lines.iter().zip(blocks(&seeded)) {
        let words: Vec<&str> = line.split(' ').collect();
        let bits = block["secret_bits"].as_u64().unwrap();
        assert_eq!(
            words[..4],
            ["block", &format!("{}:", block["report"]["block"]), &bits.to_string(), "bits"]
        );
        assert_eq!(words[4].len() as u64, 2 * bits.div_ceil(8));
    }
    let run = qkdpp(&[&distill[..], &["--keys", &keys]].concat());
    assert!(!run.success && run.stderr.contains("--seed"), "{}", run.stderr);
}
