//! Makes the four host calls of ../guest/hostcalls through the SDK, and nothing else.
//! A call that fails is a trap, so that no error is measured.

use proxy_wasm::hostcalls::{get_map_bytes, get_map_value_bytes, get_property, get_shared_data};
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel, MapType, Status};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Error);
    proxy_wasm::set_http_context(|_, _| Box::new(Stream));
}}

/// As long as the key of one of Gatewarden's sets, and absent.
const MISSING: &str = "gatewarden/1/nil/\0\0\0\0";

struct Stream;

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        assert!(!get_map_bytes(MapType::HttpRequestHeaders).unwrap().is_empty());
        assert!(get_property(vec!["source", "address"]).unwrap().is_some());
        match get_shared_data(MISSING) {
            Err(Status::NotFound) | Ok((None, None)) => Action::Continue,
            _ => panic!("shared data has the key"),
        }
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        assert!(get_map_value_bytes(MapType::HttpResponseHeaders, ":status").unwrap().is_some());
        Action::Continue
    }
}
