use super::*;
use proptest::prelude::*;
use std::io;

/// Hands out its bytes in pieces of the given sizes, over and over.
struct Drip<'a>(&'a [u8], Vec<usize>, usize);

impl Read for Drip<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let size = self.1.get(self.2 % self.1.len()).copied().unwrap_or(1).max(1);
        self.2 += 1;
        let n = size.min(buf.len()).min(self.0.len());
        let (head, tail) = self.0.split_at(n);
        buf[..n].copy_from_slice(head);
        self.0 = tail;
        Ok(n)
    }
}

type Seen = Vec<(String, Vec<(String, String)>)>;

fn read(input: impl Read, format: Format) -> Result<(Seen, usize), String> {
    let (mut seen, mut comments) = (Vec::new(), 0);
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    scan(
        input,
        Path::new("/x/status.dat"),
        format,
        |c| comments += usize::from(!c.is_empty()),
        |block| {
            seen.push((text(block.kind), block.fields().map(|(k, v)| (text(k), text(v))).collect()));
            Ok(())
        },
    )
    .map(|()| (seen, comments))
    .map_err(|e| e.to_string())
}

const SAMPLE: &str = "#####\n# x\n\ninfo {\n\tcreated=1795320620\n\tversion=4.4.6\n\t}\n\nservicestatus {\n\thost_name=h\n\tplugin_output=a=b {x}\n\tlast_version=\n\t}\n\n";

#[test]
fn blocks_and_fields() {
    let (seen, comments) = read(SAMPLE.as_bytes(), Format::Status).unwrap();
    assert_eq!(comments, 2);
    assert_eq!(
        seen.iter().map(|(k, f)| (k.as_str(), f.len())).collect::<Vec<_>>(),
        [("info", 2), ("servicestatus", 3)]
    );
    let fields = &seen.last().unwrap().1;
    assert_eq!(fields.get(1).map(|(k, v)| (k.as_str(), v.as_str())), Some(("plugin_output", "a=b {x}")));
    let objects = "define host {\n\thost_name\th 1\n\t_VO\t\n\tday 1 - 15\t00:00-24:00\n\t}\n\ndefine command {\n\t}\n";
    let (seen, _) = read(objects.as_bytes(), Format::Objects).unwrap();
    assert_eq!(seen.first().map(|(k, _)| k.as_str()), Some("host"));
    assert_eq!(seen.first().and_then(|(_, f)| f.get(2)).map(|(k, _)| k.as_str()), Some("day 1 - 15"));
    assert_eq!(seen.len(), 2);
}

#[test]
fn a_file_cut_off_anywhere_is_an_error_or_a_prefix() {
    let (whole, _) = read(SAMPLE.as_bytes(), Format::Status).unwrap();
    for cut in 0..SAMPLE.len() {
        match read(&SAMPLE.as_bytes()[..cut], Format::Status) {
            Ok((seen, _)) => assert_eq!(seen, whole[..seen.len()], "{cut}"),
            Err(e) => assert!(e.contains("/x/status.dat is "), "{e}"),
        }
    }
}

#[test]
fn what_is_no_such_file() {
    for (text, want) in [
        ("<html>\n", "/x/status.dat is not a status.dat: at offset 0 there is \"<html>\" where a block should begin"),
        (
            "info {\n\ta=1\n",
            "/x/status.dat is cut off or damaged: the block \"info\" that begins at offset 0 is not closed",
        ),
        (
            "# c\ninfo {\n\ta=1\n\nprogramstatus {\n\t}\n",
            "/x/status.dat is cut off or damaged: the block \"info\" that begins at offset 4 is not closed",
        ),
        ("info {\n\ta=\0\n\t}\n", "/x/status.dat is damaged: a NUL byte at offset 10"),
        (
            "define host {\n\t}\n",
            "/x/status.dat is not a status.dat: at offset 0 there is \"define host {\" where a block should begin",
        ),
        ("{\n\t}\n", "/x/status.dat is not a status.dat: at offset 0 there is \"{\" where a block should begin"),
    ] {
        let error = read(text.as_bytes(), Format::Status).unwrap_err();
        let (what, to_do) = error.split_once("; ").unwrap();
        assert!(what == want && !to_do.is_empty(), "{error}");
    }
}

#[test]
fn a_block_larger_than_a_piece() {
    let text = format!("info {{\n\ta={}\n\t}}\ninfo {{\n\tb=1\n\t}}\n", "x".repeat(3 * PIECE));
    let (seen, _) = read(text.as_bytes(), Format::Status).unwrap();
    assert_eq!(seen.len(), 2);
}

#[test]
fn numbers() {
    assert_eq!(milli(b"30.000000"), Some(30_000));
    assert_eq!(milli(b"0.0166667"), Some(17));
    assert_eq!(milli(b"-1.5"), Some(-1500));
    assert_eq!(milli(b"7"), Some(7000));
    assert_eq!((milli(b""), milli(b"1.x"), milli(b"x")), (None, None, None));
    assert_eq!(
        (number(b"-12"), number(b"1795320620"), number(b"1 "), number(b"-")),
        (Some(-12), Some(1_795_320_620), None, None)
    );
}

proptest! {
    #[test]
    fn any_bytes_and_any_pieces(text in "[a-z={}\t\n# ]{0,200}", sizes in prop::collection::vec(1usize..20, 1..5)) {
        let whole = read(text.as_bytes(), Format::Status);
        let pieces = read(Drip(text.as_bytes(), sizes, 0), Format::Status);
        prop_assert_eq!(whole, pieces);
        let _ = read(text.as_bytes(), Format::Objects);
    }

    #[test]
    fn concatenated_files_give_concatenated_blocks(n in 1usize..5, m in 1usize..5) {
        let (a, b) = (SAMPLE.repeat(n), SAMPLE.repeat(m));
        let both = read((a.clone() + &b).as_bytes(), Format::Status).unwrap().0;
        let mut one = read(a.as_bytes(), Format::Status).unwrap().0;
        one.extend(read(b.as_bytes(), Format::Status).unwrap().0);
        prop_assert_eq!(both, one);
    }

    #[test]
    fn any_bytes_at_all(bytes: Vec<u8>) {
        let _ = read(&bytes[..], Format::Status);
        let _ = read(&bytes[..], Format::Objects);
        let _ = (milli(&bytes), number(&bytes));
    }
}
