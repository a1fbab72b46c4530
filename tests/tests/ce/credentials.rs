//! What we show to a compute element: proxies that are made, what VOMS says of us, what is delegated; and whom a real A-REX lets in.

use e2e::Result;
use e2e::arex::{Arex, Probe};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

#[test]
fn what_voms_vouches_for_lets_a_stranger_in_and_goes_with_the_delegation() -> Result {
    let arex = Arex::start()?;
    arex.pki.voms_proxy("voms.proxy", "stranger", &arex.file("vomsdir"))?;
    let probe = arex.probe("voms").with(&["-x", &arex.pki.arg("voms.proxy")]);
    let first = probe.call()?;
    assert_eq!(first.code, 0, "{}", first.text);
    assert_eq!(probe.until("from end to end")?.code, 0);
    probe.until_clean()
}

#[test]
fn a_proxy_is_made_of_a_certificate_and_keeps_what_voms_says() -> Result {
    let arex = Arex::start()?;
    let vomsdir = arex.file("vomsdir");
    arex.pki.voms_proxy("voms.proxy", "stranger", &vomsdir)?;
    arex.pki.voms_proxy_over("over.proxy", "stranger", &vomsdir)?;
    let at = |name: &str| arex.pki.arg(name);
    let robot = arex.robot_of("stranger", "made");
    let probe = robot.with(&["--voms-proxy", &at("voms.proxy")]);
    let first = probe.call()?;
    assert_eq!(first.code, 0, "{}", first.text);
    let proxies = || -> Result<Vec<PathBuf>> {
        let all = std::fs::read_dir(probe.state().join("proxies"))?.flatten().map(|e| e.path());
        Ok(all.filter(|p| p.extension().is_some_and(|e| e == "pem")).collect())
    };
    // ARC's own tool reads it as ours does: the attributes are there, and the key is nobody else's to read.
    let made = proxies()?;
    assert_eq!(made.len(), 1, "{made:?}");
    let content = std::fs::read(&made[0])?;
    let mode = made[0].metadata()?.permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let info = Command::new("arcproxy")
        .arg("-I")
        .arg("-P")
        .arg(&made[0])
        .arg("-T")
        .arg(arex.pki.anchors())
        .env("X509_VOMS_DIR", &vomsdir)
        .output()?;
    let info = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(
        info.contains("dteam") && info.contains("Proxy type: X.509 Proxy Certificate Profile RFC compliant"),
        "{info}"
    );
    // Another service shares it, and so does the next call.
    let ended = probe.until("from end to end")?;
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(proxies()? == made && std::fs::read(&made[0])? == content);
    // A certificate's key in place of the proxy's never went there.
    let key = std::fs::read_to_string(arex.pki.file("stranger.key"))?;
    let line = key.lines().nth(1).unwrap_or_default();
    assert!(!line.is_empty() && !String::from_utf8_lossy(&content).contains(line));
    probe.until_clean()?;
    // A-REX itself counted the job as the organisation's.
    let counted = std::fs::read(arex.disk().join("control/accounting/accounting.db"))?;
    assert!(counted.windows(6).any(|octets| octets == b"/dteam"), "A-REX did not see the VOMS attributes");
    // What cannot be used is ours to mend, and nobody is asked.
    let cases: [(&str, &str, &str, &str); 4] = [
        ("over", "stranger", &at("over.proxy"), "the attributes of dteam in"),
        ("none", "user", &at("proxy.pem"), "there are no VOMS attributes in"),
        ("other", "user", &at("voms.proxy"), "were not issued to the certificate"),
        ("missing", "user", "/no/such/proxy", "cannot read /no/such/proxy"),
    ];
    for (tag, who, file, words) in cases {
        let answer = arex.robot_of(who, tag).with(&["--voms-proxy", file]).call()?;
        assert!(answer.text.contains(words) && answer.code == 3, "{tag}: {} {}", answer.code, answer.text);
    }
    // Where nothing can be kept it is said.
    let closed = arex.robot_of("user", "closed");
    std::fs::create_dir_all(closed.state().join("proxies"))?;
    std::fs::set_permissions(closed.state().join("proxies"), Permissions::from_mode(0o500))?;
    let answer = closed.call()?;
    assert!(answer.text.contains("cannot keep a proxy in") && answer.code == 3, "{}", answer.text);
    assert!(arex.jobs()?.is_empty(), "{:?}", arex.jobs()?);
    Ok(())
}

#[test]
fn a_delegation_is_used_again_renewed_and_taken_away() -> Result {
    let arex = Arex::start()?;
    arex.pki.proxy("other.pem", "user", "10H", None)?;
    // The queue is refused after the delegation was taken: each call tries again.
    let probe = arex.probe("delegation").with(&["--queue", "nosuch"]);
    let delegated = || -> Result<String> {
        let memory = probe.memory()?;
        Ok(memory.split("\"delegation\":").nth(1).unwrap_or_default().split('}').next().unwrap_or_default().to_owned())
    };
    let id = |delegated: &str| delegated.split('"').nth(3).unwrap_or_default().to_owned();
    probe.call()?;
    let first = delegated()?;
    assert!(arex.delegations()? == 1 && id(&first).len() > 6, "{first}");
    probe.call()?;
    assert_eq!((arex.delegations()?, delegated()?), (1, first.clone()));
    // Another proxy of ours: in the same place.
    probe.with(&["-x", &arex.pki.arg("other.pem")]).call()?;
    let second = delegated()?;
    assert!(arex.delegations()? == 1 && second != first && id(&second) == id(&first), "{first} {second}");
    // None is wanted any more.
    let without = probe.with(&["--no-delegation"]).call()?;
    assert!(without.code == 2 && without.text.contains("Requested queue nosuch"), "{}", without.text);
    assert!(arex.delegations()? == 0 && !probe.memory()?.contains("delegation"), "{}", probe.memory()?);
    Ok(())
}

#[test]
fn who_is_mapped_to_nobody_is_not_let_in() -> Result {
    let arex = Arex::start_as_root()?;
    let vomsdir = arex.file("vomsdir");
    arex.pki.voms_proxy("voms.proxy", "stranger", &vomsdir)?;
    arex.pki.voms_proxy_over("over.proxy", "stranger", &vomsdir)?;
    let (voms, over) = (arex.pki.arg("voms.proxy"), arex.pki.arg("over.proxy"));
    let refused = "does not let us in";
    // In a namespace A-REX cannot give jobs away to a user: whoever is let in fails behind that.
    let cases: [(&str, Probe, &str, i32); 4] = [
        ("mapped to nobody", arex.robot_of("stranger", "stranger"), refused, 2),
        (
            "VOMS says so no more",
            arex.probe("over").with(&["-x", &over]),
            "VOMS attributes of dteam in our proxy expired",
            3,
        ),
        ("VOMS says so", arex.probe("voms").with(&["-x", &voms]), "Failed to store job description", 2),
        (
            "VOMS says so, kept",
            arex.robot_of("stranger", "kept").with(&["--voms-proxy", &voms]),
            "Failed to store job",
            2,
        ),
    ];
    for (who, probe, words, code) in cases {
        let answer = probe.call()?;
        assert!(answer.code == code && answer.text.contains(words), "{who}: {} {}", answer.code, answer.text);
        assert_eq!(answer.text.contains("403"), code == 3 || words == refused, "{who}: {}", answer.text);
    }
    Ok(())
}
