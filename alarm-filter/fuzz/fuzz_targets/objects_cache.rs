//! Any bytes as an objects.cache: no panic, and every index into the rules is good.
#![no_main]
use alarm_filter::source::nagios_status::objects::ObjectsCache;
use alarm_filter::source::text::Interner;
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|data: &[u8]| {
    if let Ok(cache) = ObjectsCache::read(data, Path::new("objects.cache"), &mut Interner::default()) {
        for host in cache.objects.hosts.values() {
            for service in host.services.values() {
                assert!(cache.objects.rules_of(service.rules).is_some());
            }
        }
    }
});
