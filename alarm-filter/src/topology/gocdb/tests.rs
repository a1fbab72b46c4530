//! The traps of GOCDB's renderings, and documents that are none of GOCDB's.

use super::*;
use alarm_core::time::Timestamp;
use alarm_core::topology::Severity;
use proptest::prelude::*;
use std::fmt::Write as _;

fn data(name: &str) -> Vec<u8> {
    let path = format!("{}/../tests/data/gocdb/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn sites(doc: &[u8]) -> Document<SiteRow> {
    site::sites(doc, &Limits::default()).unwrap()
}

fn services(doc: &[u8]) -> Document<ServiceRow> {
    service::services(doc, &Limits::default()).unwrap()
}

fn flat(doc: &[u8]) -> Document<DowntimeRow> {
    downtime::flat(doc, &Limits::default()).unwrap()
}

fn nested(doc: &[u8]) -> Document<DowntimeRow> {
    downtime::nested(doc, &Limits::default()).unwrap()
}

fn fault(method: Method, doc: &[u8]) -> Problem {
    parse(method, "test", doc, &Limits::default()).unwrap_err().problem
}

fn results(inner: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<results>\n{inner}\n</results>\n")
}

fn service_row(inner: &str) -> String {
    results(&format!("<SERVICE_ENDPOINT PRIMARY_KEY=\"7G0\"><PRIMARY_KEY>7G0</PRIMARY_KEY>{inner}</SERVICE_ENDPOINT>"))
}

const NAMES: &str = "<HOSTNAME>a.b</HOSTNAME><SERVICE_TYPE>SRM</SERVICE_TYPE><SITENAME>S</SITENAME>\
    <IN_PRODUCTION>Y</IN_PRODUCTION><NODE_MONITORED>Y</NODE_MONITORED><ROC_NAME>N</ROC_NAME>";

#[test]
fn reads_sites() {
    let d = sites(&data("renderings/get_site.xml"));
    assert_eq!((d.rows.len(), d.seen, d.remarks.skipped), (3, 3, 0));
    let kosice = &d.rows[0];
    assert_eq!((&*kosice.key, &*kosice.name), ("73G0", "TU-Kosice"), "PRIMARY_KEY is not ID and G0");
    assert_eq!(&*kosice.site.ngi, "NGI_SK");
    assert_eq!(&*kosice.site.timezone, "Europe/Bratislava");
    assert!(kosice.site.notifications);
    assert_eq!(
        kosice.site.contacts.keys().map(|k| &**k).collect::<Vec<_>>(),
        ["CONTACT_EMAIL", "CONTACT_TEL", "CSIRT_EMAIL"]
    );
    assert_eq!(&*d.rows[2].site.certification, "Closed");
    assert!(!d.rows[2].site.notifications);
}

#[test]
fn reads_the_renderings_of_2010() {
    let d = sites(&data("sample-2010/get_site.xml"));
    assert_eq!(d.rows.len(), 3);
    assert!(d.rows[0].site.contacts.contains_key("EMERGENCY_TEL"), "spelt EMERGENCYTEL then");
    assert_eq!(&*d.rows[0].key, "251G0", "the element, where the attribute says otherwise");
    assert_eq!(services(&data("sample-2010/get_service_endpoint.xml")).rows.len(), 5);
    let d = flat(&data("sample-2010/get_downtime.xml"));
    assert_eq!(d.rows.len(), 6);
    assert_eq!(d.rows[0].window.start, Timestamp::from_secs(1_293_004_800));
}

#[test]
fn reads_services_with_their_endpoints() {
    let d = services(&data("renderings/get_service_endpoint.xml"));
    assert_eq!((d.rows.len(), d.remarks.count), (4, 0));
    assert!(!d.rows[0].endpoint.in_production && !d.rows[0].endpoint.monitored);
    assert!(d.rows[2].endpoint.in_production && d.rows[2].endpoint.monitored);
    assert_eq!(d.rows[3].endpoint.endpoints.len(), 2);
    assert_eq!(&*d.rows[3].endpoint.ngi, "EGI.eu");
}

#[test]
fn al8_monitoring_is_declared_on_the_service_and_on_each_endpoint() {
    let d = services(&data("renderings/get_service_endpoint.with_endpoints.xml"));
    assert!(!d.rows[0].endpoint.monitored, "NODE_MONITORED N wins over an endpoint's Y");
    assert_eq!(d.rows[0].endpoint.endpoints.get("arex"), Some(&true));
    let with = |flags: &[&str]| {
        let mut xml = format!("{NAMES}<ENDPOINTS>");
        for (i, flag) in flags.iter().enumerate() {
            write!(xml, "<ENDPOINT><NAME>e{i}</NAME><ENDPOINT_MONITORED>{flag}</ENDPOINT_MONITORED></ENDPOINT>")
                .unwrap();
        }
        services(service_row(&(xml + "</ENDPOINTS>")).as_bytes()).rows[0].endpoint.monitored
    };
    assert!(with(&[]));
    assert!(with(&["N", "Y"]));
    assert!(!with(&["N", "N"]), "all endpoints off is a service off");
}

#[test]
fn names_beneath_an_endpoint_or_an_extension_are_not_the_services_own() {
    let xml = service_row(
        "<ENDPOINTS><ENDPOINT><NAME>e</NAME><EXTENSIONS><EXTENSION><KEY>HOSTNAME</KEY><VALUE>wrong</VALUE>\
         <HOSTNAME>wrong</HOSTNAME><IN_PRODUCTION>N</IN_PRODUCTION></EXTENSION></EXTENSIONS><URL>https://inner</URL>\
         <NODE_MONITORED>N</NODE_MONITORED></ENDPOINT></ENDPOINTS><EXTENSIONS><EXTENSION><SITENAME>wrong</SITENAME>\
         </EXTENSION></EXTENSIONS><HOSTNAME>A.B</HOSTNAME><SERVICE_TYPE>SRM</SERVICE_TYPE><SITENAME>S</SITENAME>\
         <IN_PRODUCTION>Y</IN_PRODUCTION><NODE_MONITORED>Y</NODE_MONITORED>",
    );
    let d = services(xml.as_bytes());
    let row = &d.rows[0];
    assert_eq!((&*row.host, &*row.endpoint.site), ("a.b", "S"), "and host names are kept in lower case");
    assert!(row.endpoint.in_production && row.endpoint.monitored);
}

#[test]
fn a_row_that_lacks_a_name_is_skipped_and_named() {
    let good = service_row(NAMES);
    let bad = good.replace(
        "</results>",
        "<SERVICE_ENDPOINT PRIMARY_KEY=\"8G0\"><HOSTNAME>x</HOSTNAME></SERVICE_ENDPOINT></results>",
    );
    let d = services(bad.as_bytes());
    assert_eq!((d.rows.len(), d.seen, d.remarks.skipped), (1, 2, 1));
    assert_eq!(d.remarks.lines, ["SERVICE_ENDPOINT 8G0 has no SERVICE_TYPE; the row is skipped"]);
}

#[test]
fn a_flag_that_is_missing_or_unreadable_is_yes_with_a_remark() {
    let xml = service_row(
        "<HOSTNAME>a</HOSTNAME><SERVICE_TYPE>T</SERVICE_TYPE><SITENAME>S</SITENAME><NODE_MONITORED>perhaps</NODE_MONITORED>",
    );
    let d = services(xml.as_bytes());
    assert!(d.rows[0].endpoint.in_production && d.rows[0].endpoint.monitored);
    assert_eq!(d.remarks.count, 2, "{:?}", d.remarks);
}

#[test]
fn reads_flat_downtimes() {
    let d = flat(&data("renderings/get_downtime.xml"));
    assert_eq!(d.rows.len(), 3);
    let w = &d.rows[0].window;
    assert_eq!((&*w.id, w.severity, w.scheduled), ("123456G0", Severity::Warning, true));
    assert_eq!(w.declared, Timestamp::from_secs(1_656_137_042));
    assert!(w.endpoints.is_empty(), "an empty AFFECTED_ENDPOINTS is the whole service");
}

#[test]
fn reads_nested_downtimes() {
    let d = nested(&data("renderings/get_downtime_nested_services.xml"));
    let row = &d.rows[0];
    assert_eq!((&*row.host, &*row.service_type, &*row.window.id), ("ce01.example.org", "ARC-CE", "110001G0"));
    assert_eq!(&*row.window.description, "Cooling failure & power cut");
    assert!(!row.window.scheduled);
    assert_eq!(row.window.endpoints.iter().map(|e| &**e).collect::<Vec<_>>(), ["gridftp job interface"]);
}

fn downtime(inner: &str) -> String {
    results(&format!(
        "<DOWNTIME ID=\"1\" PRIMARY_KEY=\"9G0\" CLASSIFICATION=\"UNSCHEDULED\"><HOSTNAME>a</HOSTNAME>\
         <SERVICE_TYPE>T</SERVICE_TYPE>{inner}</DOWNTIME>"
    ))
}

#[test]
fn at_risk_of_2010_is_a_warning() {
    let xml = downtime("<SEVERITY>AT_RISK</SEVERITY><START_DATE>10</START_DATE><END_DATE>20</END_DATE>");
    assert_eq!(flat(xml.as_bytes()).rows[0].window.severity, Severity::Warning);
}

#[test]
fn a_missing_epoch_is_read_from_the_formatted_date() {
    let xml = downtime(
        "<SEVERITY>OUTAGE</SEVERITY><FORMATED_START_DATE>2010-12-22 08:00</FORMATED_START_DATE><END_DATE>1293094800</END_DATE>",
    );
    assert_eq!(flat(xml.as_bytes()).rows[0].window.start, Timestamp::from_secs(1_293_004_800));
}

#[test]
fn a_downtime_that_cannot_be_placed_in_time_is_skipped() {
    for times in [
        "<START_DATE>20</START_DATE><END_DATE>10</END_DATE>",
        "<START_DATE>99999999999999999999</START_DATE><END_DATE>10</END_DATE>",
        "<START_DATE>20</START_DATE>",
    ] {
        let xml = downtime(&format!("<SEVERITY>OUTAGE</SEVERITY>{times}"));
        let p = fault(Method::GetDowntime, xml.as_bytes());
        assert!(matches!(&p, Problem::NoUsableRow { rows: 1, example } if example.contains("9G0")), "{p}");
    }
}

#[test]
fn an_answer_without_rows_is_read_and_told_apart_from_everything_else() {
    for xml in ["<results/>", "<results></results>", "<?xml version=\"1.0\"?>\n<results>\n</results>"] {
        for method in Method::ALL {
            let rows = parse(method, "test", xml.as_bytes(), &Limits::default()).unwrap();
            assert_eq!((rows.seen(), rows.remarks().count), (0, 0));
        }
    }
}

#[test]
fn documents_that_are_not_gocdbs_are_refused_by_kind() {
    let p = |doc: &str| fault(Method::GetServiceEndpoint, doc.as_bytes());
    assert_eq!(p(""), Problem::Empty);
    assert_eq!(p(" \n\t"), Problem::Empty);
    assert_eq!(
        p("<!DOCTYPE html><html><head><title>EGI Check-in\n</title><br>"),
        Problem::Html { title: "EGI Check-in".into() }
    );
    assert_eq!(p("<html lang=en><body>Down for maintenance"), Problem::Html { title: "Down for maintenance".into() });
    assert!(matches!(p("<br />\n<b>Warning</b>: pg_connect() failed"), Problem::Html { .. }));
    assert_eq!(
        p("An error has occured: invalid parameter"),
        Problem::Words { text: "An error has occured: invalid parameter".into() }
    );
    assert_eq!(p("<error>Bad method</error>"), Problem::Words { text: "Bad method".into() });
    assert!(matches!(p("Fatal error: a < b"), Problem::Words { .. }));
    assert_eq!(p("<rss/>"), Problem::WrongRoot { found: "rss".into() });
    assert!(matches!(p("<results><SERVICE_ENDPOINT></SITE></results>"), Problem::Malformed { .. }));
    assert!(matches!(p("<results>Fatal error: out of memory</results>"), Problem::Words { .. }));
    assert!(matches!(p("<results/><results/>"), Problem::Malformed { .. }));
    assert!(matches!(p(&(service_row(NAMES) + "\nNotice: undefined index")), Problem::Words { .. }));
}

#[test]
fn a_document_of_another_method_is_refused_by_that_methods_name() {
    let found = |method, file: &str| match fault(method, &data(file)) {
        Problem::WrongMethod { found } => found,
        other => panic!("{other}"),
    };
    assert_eq!(found(Method::GetServiceEndpoint, "renderings/get_site.xml"), "get_site");
    assert_eq!(found(Method::GetSite, "renderings/get_service_endpoint.xml"), "get_service_endpoint");
    assert_eq!(
        found(Method::GetDowntime, "renderings/get_downtime_nested_services.xml"),
        "get_downtime_nested_services"
    );
    assert_eq!(found(Method::GetDowntimeNestedServices, "renderings/get_downtime.xml"), "get_downtime");
    assert_eq!(found(Method::GetRocList, "renderings/get_roc_contacts.xml"), "get_roc_contacts");
    let site_list = results("<SITE ID=\"1\" PRIMARY_KEY=\"2G0\" NAME=\"X\"/>");
    assert!(matches!(fault(Method::GetSite, site_list.as_bytes()), Problem::NoUsableRow { rows: 1, .. }));
}

#[test]
fn the_error_names_method_place_and_what_to_do() {
    let e =
        parse(Method::GetSite, "https://goc.example.org/?method=get_site", b"<html>", &Limits::default()).unwrap_err();
    let line = e.to_string();
    assert!(line.starts_with("get_site from https://goc.example.org/?method=get_site: this is a web page"), "{line}");
    assert!(line.contains("client certificate") && !line.contains('\n'), "{line}");
}

#[test]
fn every_truncation_is_an_error() {
    let whole = data("renderings/get_downtime.xml");
    let end = whole.iter().rposition(|b| *b == b'>').unwrap();
    for cut in 0..=end {
        let p = fault(Method::GetDowntime, &whole[..cut]);
        if cut > 60 {
            assert!(matches!(p, Problem::Truncated { .. } | Problem::Malformed { .. }), "{cut}: {p}");
        }
    }
    assert!(matches!(fault(Method::GetDowntime, &whole[..1000]), Problem::Truncated { .. }));
}

#[test]
fn a_document_type_is_refused_so_that_no_entity_ever_expands() {
    let laughs = "<?xml version=\"1.0\"?><!DOCTYPE results [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><results><SITE>&b;</SITE></results>";
    assert_eq!(fault(Method::GetSite, laughs.as_bytes()), Problem::DocumentType);
    let outside = "<!DOCTYPE results SYSTEM \"file:///etc/passwd\"><results/>";
    assert_eq!(fault(Method::GetSite, outside.as_bytes()), Problem::DocumentType);
}

#[test]
fn entities_character_references_and_cdata_are_text() {
    let xml = downtime(
        "<SEVERITY>OUTAGE</SEVERITY><START_DATE>1</START_DATE><END_DATE>2</END_DATE>\
         <DESCRIPTION>a &amp; b &lt;i&gt; &#x41;&#66; &nbsp; <![CDATA[<raw> & ]]>&quot;x&apos; R&D</DESCRIPTION>",
    );
    assert_eq!(&*flat(xml.as_bytes()).rows[0].window.description, "a & b <i> AB &nbsp; <raw> & \"x' R&D");
}

#[test]
fn one_huge_text_costs_nobody_else_the_answer() {
    let huge = "x".repeat(10 << 20);
    let xml = downtime(&format!(
        "<SEVERITY>OUTAGE</SEVERITY><START_DATE>1</START_DATE><END_DATE>2</END_DATE><DESCRIPTION>{huge}</DESCRIPTION>"
    ));
    let d = flat(xml.as_bytes());
    assert_eq!(d.rows[0].window.description.len(), 4096);
    let p = fault(Method::GetServiceEndpoint, service_row(&NAMES.replace("a.b", &huge)).as_bytes());
    assert!(matches!(&p, Problem::NoUsableRow { example, .. } if example.len() < 200), "{p}");
}

#[test]
fn size_depth_and_breadth_are_limited() {
    let small = Limits { bytes: 100, ..Limits::default() };
    assert_eq!(site::sites(&data("renderings/get_site.xml"), &small).unwrap_err(), Problem::TooLarge { limit: 100 });
    let deep = results(&format!("{}{}", "<SITE>".repeat(100_000), "</SITE>".repeat(100_000)));
    assert!(matches!(fault(Method::GetSite, deep.as_bytes()), Problem::TooDeep { limit: 16, .. }));
    let broad = results(&format!("<SITE>{}</SITE>", "<a/>".repeat(30_000)));
    assert!(matches!(fault(Method::GetSite, broad.as_bytes()), Problem::RowTooLarge { limit: 20_000, .. }));
    let attributes = results(&format!("<SITE {}/>", (0..50_000).fold(String::new(), |s, i| s + &format!(" a{i}='1'"))));
    assert!(matches!(fault(Method::GetSite, attributes.as_bytes()), Problem::NoUsableRow { .. }));
}

#[test]
fn broken_utf8_and_a_byte_order_mark_are_borne() {
    let mut xml = b"\xef\xbb\xbf".to_vec();
    xml.extend(service_row(&NAMES.replace("<SITENAME>S", "<SITENAME>S\u{1}")).replace('\u{1}', "Z").into_bytes());
    let at = xml.iter().position(|b| *b == b'Z').unwrap();
    xml[at] = 0xff;
    assert_eq!(&*services(&xml).rows[0].endpoint.site, "S\u{fffd}");
}

#[test]
fn the_paging_block_gives_the_cursor_and_never_an_address_to_follow() {
    let d = sites(&data("renderings/get_site.page.xml"));
    let page = d.page.unwrap();
    assert_eq!((page.count, page.max_page_size, page.next_cursor()), (Some(95), Some(100), Some("134")));
    for next in ["https://x/?next_cursor=", "https://x/?next_cursor=1;rm", "https://x/", "https://x/?a=1&prev_cursor=3"]
    {
        assert_eq!(page::Page { next: Some(next.into()), ..page::Page::default() }.next_cursor(), None, "{next}");
    }
}

#[test]
fn get_service_is_rendered_and_read_like_get_service_endpoint() {
    assert_eq!(Method::ALL.map(Method::row_element), ["SITE", "SERVICE_ENDPOINT", "DOWNTIME", "DOWNTIME", "ROC"]);
    let d = roc::rocs(&data("renderings/get_roc_list.xml"), &Limits::default()).unwrap();
    assert_eq!(d.rows.iter().map(|r| &*r.name).collect::<Vec<_>>(), ["NGI_XX", "NGI_YY"]);
}

fn xmlish() -> impl Strategy<Value = String> {
    let words = vec![
        "<results>",
        "</results>",
        "<SITE>",
        "</SITE>",
        "<DOWNTIME PRIMARY_KEY=\"1G0\">",
        "</DOWNTIME>",
        "<SERVICES>",
        "<SERVICE>",
        "</SERVICE>",
        "</SERVICES>",
        "<meta>",
        "</meta>",
        "<link rel=\"next\" href=\"?next_cursor=1\"/>",
        "<count>1</count>",
        "<HOSTNAME>a</HOSTNAME>",
        "<SEVERITY>OUTAGE</SEVERITY>",
        "<ENDPOINT>",
        "&amp;",
        "&#0;",
        "&#xffffffff;",
        "&x;",
        "&",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?xml version=\"1.0\"?>",
        "<!DOCTYPE x>",
        "<",
        ">",
        "\u{0}",
        "é",
        "<START_DATE>1</START_DATE>",
        "'",
        "\"",
        "<a b",
    ];
    prop::collection::vec(prop::sample::select(words), 0..40).prop_map(|w| w.concat())
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for method in Method::ALL {
            let _ = parse(method, "test", &bytes, &Limits::default());
        }
    }

    #[test]
    fn nothing_that_looks_like_xml_panics(text in xmlish(), inside in any::<bool>()) {
        let text = if inside { results(&text) } else { text };
        for method in Method::ALL {
            if let Err(e) = parse(method, "test", text.as_bytes(), &Limits::default()) {
                prop_assert!(!e.to_string().contains('\n'));
            }
        }
    }

    /// A changed byte in a real answer never panics, and never makes more rows than there were.
    #[test]
    fn a_flipped_byte_never_adds_a_row(at in 0usize..5000, to in any::<u8>()) {
        let mut doc = data("renderings/get_service_endpoint.xml");
        let len = doc.len();
        doc[at % len] = to;
        if let Ok(rows) = parse(Method::GetServiceEndpoint, "test", &doc, &Limits::default()) {
            prop_assert!(rows.seen() <= 4);
        }
    }
}
