package accesslog

// nginx writes the JSON that its configuration spells out, mostly with the names of its
// variables. It writes a line when the request is over, with the time of then, and
// request_time has seconds.
// See https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format and
// https://nginx.org/en/docs/http/ngx_http_core_module.html#variables
var nginxNames = []foreignName{
	{"msec", fieldEnded, fieldTime, 1},
	{"time_iso8601", fieldEnded, fieldTime, 2},
	{"time_local", fieldEnded, fieldTime, 3},
	{"request_time", fieldSeconds, fieldDuration, 1},
	{"request", fieldRequest, fieldPath, 1},
	{"request_uri", fieldPath, fieldPath, 4},
	{"remote_ip", fieldClient, fieldClient, 9},
	{"http_x_forwarded_for", fieldForwarded, fieldForwarded, 9},
	{"http_authorization", fieldCredential, fieldCredential, 9},
	{"response", fieldStatus, fieldStatus, 9},
}
