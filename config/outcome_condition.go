package config

import (
	"slices"
	"strconv"

	"github.com/tidwall/gjson"
)

// Condition is one of the ways in which a response says that a credential was wrong, or
// right. It holds if all of its parts do; it has one at least.
type Condition struct {
	// Statuses for which it holds. A number below 10 is a class: 2 stands for all of
	// 2xx. Empty means every status but 5xx.
	Statuses []int
	// Header is a response header that has to be there. Its Name is "" without one.
	Header HeaderCondition
	// JSON is a member that the body has to have. Its Path is empty without one.
	JSON JSONCondition
}

// HeaderCondition holds if one line of a response header has the text.
type HeaderCondition struct {
	Name  string // in lower case
	Where Comparison
	Text  string
}

// Comparison says where a text has to stand.
type Comparison uint8

// The comparisons.
const (
	Equals Comparison = iota
	HasPrefix
	Contains
)

// JSONCondition holds if the member of the response's JSON body to which Path leads has
// one of the values. Elements of lists are named by position. Danger: a body that is
// compressed, or a member beyond its first 64 KiB, is not read.
type JSONCondition struct {
	Path   []string
	Values []JSONValue
}

// JSONValue is a string, or a number, true, false or null, by its text.
type JSONValue struct {
	Text     string
	IsString bool
}

const (
	// MaxConditions limits each of the two lists of conditions.
	MaxConditions = 16
	// MaxJSONPath limits the path to a member, MaxJSONText each of its names, in bytes,
	// and each value.
	MaxJSONPath = 8
	MaxJSONText = 128

	maxJSONValues = 32
	maxHeaderText = 256
	maxTokenError = 64
)

// HasStatus tells whether the status is one for which the condition holds. The class 4xx
// leaves out those that do not say that a credential was wrong.
func (c *Condition) HasStatus(status int) bool {
	switch {
	case status < 200 || status >= 500:
		return false
	case len(c.Statuses) == 0 || slices.Contains(c.Statuses, status):
		return true
	}
	return slices.Contains(c.Statuses, status/100) && unrelated(status) == ""
}

func (j *JSONCondition) has(value JSONValue) bool {
	for i := range j.Values {
		if j.Values[i] == value {
			return true
		}
	}
	return false
}

// tells reports whether the condition looks at more than the status.
func (c *Condition) tells() bool { return c.Header.Name != "" || len(c.JSON.Path) > 0 }

// ReadsBody tells whether outcomes of the surface are told by response bodies.
func (l *Lockout) ReadsBody() bool {
	return len(l.TokenErrors) > 0 || readBodies(l.FailuresWhen) || readBodies(l.SucceededWhen)
}

func readBodies(list []Condition) bool {
	for i := range list {
		if len(list[i].JSON.Path) > 0 {
			return true
		}
	}
	return false
}

// defaultTokenErrors are the codes that say that a credential was wrong: those of RFC
// 6749 section 5.2, and those that GitHub has in their place. The other registered ones
// are about the request, or ask the client to continue polling (RFC 8628 section 3.5).
func defaultTokenErrors(kind Kind) []string {
	if kind != KindOAuthToken {
		return nil
	}
	return []string{"invalid_client", "invalid_grant",
		"incorrect_client_credentials", "bad_verification_code", "incorrect_device_code", "bad_refresh_token"}
}

func tokenError(v *value, text, _ string) string {
	if !isErrorCode(text) || len(text) > maxTokenError {
		v.bad(`%q is not an error code; write for example "invalid_grant"`, text)
		return ""
	}
	return text
}

// isErrorCode reports whether a text has only the characters of an error code (RFC 6749
// section 5.2).
func isErrorCode(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\' {
			return false
		}
	}
	return text != ""
}

// readConditions reads failures_when or succeeded_when.
func readConditions(v *value, fields *table[Condition], into *[]Condition) {
	v.refuseEmpty("leave it out for what the kind counts")
	for i, item := range makeRoom(into, v.items(MaxConditions)) {
		readObject(item, fields, &(*into)[i])
		if item.isObject() && !item.has("status") && !item.has("header") && !item.has("json") {
			item.bad(`has neither status nor header nor json; write for example {"status": [401]}`)
		}
	}
}

var oneCondition Condition

var failureConditionFields = table[Condition]{&oneCondition, []field[Condition]{
	{key: "status", read: func(v *value, c *Condition) { readConditionStatuses(v, readFailureStatus, &c.Statuses) }},
	headerConditionField, jsonConditionField,
}}

var successConditionFields = table[Condition]{&oneCondition, []field[Condition]{
	{key: "status", read: func(v *value, c *Condition) { readConditionStatuses(v, readSuccessStatus, &c.Statuses) }},
	headerConditionField, jsonConditionField,
}}

var (
	headerConditionField = field[Condition]{key: "header", object: of(&headerConditionFields), read: readHeaderCondition}
	jsonConditionField   = field[Condition]{key: "json", object: of(&jsonConditionFields), read: readJSONCondition}
)

// readConditionStatuses reads a list of statuses and classes.
func readConditionStatuses(v *value, read func(item *value) int, into *[]int) {
	v.refuseEmpty("leave it out for every status but 5xx")
	for _, item := range v.items(maxItems) {
		status := read(item)
		if status != 0 && slices.Contains(*into, status) {
			item.repeated(statusWord(status))
		}
		*into = append(*into, status)
	}
}

// statusWord writes a status or a class as configurations have it.
func statusWord(status int) string {
	if status < 10 {
		return strconv.Quote(strconv.Itoa(status) + "xx")
	}
	return strconv.Itoa(status)
}

// readFailureStatus reads a status or a class that may be a failure; 0 if it is neither.
func readFailureStatus(item *value) int {
	const right = `200 to 499, "2xx", "3xx" or "4xx"`
	switch status := readStatusOrClass(item, right); {
	case status >= 500:
		item.bad("%s is the service's own failure, not the client's; write "+right, strconv.Itoa(status))
	case status >= 10 && status < 200:
		item.bad("%s is not the end of a response; write "+right, strconv.Itoa(status))
	default:
		return status
	}
	return 0
}

// readSuccessStatus reads a status or a class that may be a success; 0 if it is neither.
func readSuccessStatus(item *value) int {
	const right = `200 to 399, "2xx" or "3xx"`
	status := readStatusOrClass(item, right)
	if status == 4 || status >= 10 && status < 200 || status >= 400 {
		item.bad("%s does not say that a credential was right; write "+right, statusWord(status))
		return 0
	}
	return status
}

// readStatusOrClass returns 0 if there is neither.
func readStatusOrClass(item *value, right string) int {
	if item.json.Type != gjson.String {
		if n, ok := item.integer(100, 599); ok {
			return int(n)
		}
		return 0
	}
	switch item.json.Str {
	case "2xx":
		return 2
	case "3xx":
		return 3
	case "4xx":
		return 4
	}
	item.unknown(item.json.Str, right)
	return 0
}

// readOneOf reads an object of which exactly one field but the first has to be there.
func readOneOf(v *value, fields *table[Condition], c *Condition, names, remedy string) {
	n := 0
	readObject(v, fields, c)
	for i := range fields.rows[1:] {
		if v.has(fields.rows[1+i].key) {
			n++
		}
	}
	switch {
	case !v.isObject() || n == 1:
	case n == 0:
		v.bad("has none of %s; %s", names, remedy)
	default:
		v.bad("has more than one of %s; keep one of them", names)
	}
}

var headerConditionFields = table[Condition]{&oneCondition, []field[Condition]{
	{key: "name", required: `write for example "location"`, as: &textAs{&oneCondition.Header.Name, readHeader, "location"}},
	{key: "equals", read: func(v *value, c *Condition) { readComparison(v, c, Equals) }},
	{key: "prefix", read: func(v *value, c *Condition) { readComparison(v, c, HasPrefix) }},
	{key: "contains", read: func(v *value, c *Condition) { readComparison(v, c, Contains) }},
}}

func readComparison(v *value, c *Condition, where Comparison) {
	c.Header.Where, c.Header.Text = where, readPlain(v, "/login?error")
	if len(c.Header.Text) > maxHeaderText {
		v.bad("is longer than %s bytes; write less of it", strconv.Itoa(maxHeaderText))
	}
}

func readHeaderCondition(v *value, c *Condition) {
	readOneOf(v, &headerConditionFields, c, "equals, prefix and contains", `write for example "contains": "/login?error"`)
}

var jsonConditionFields = table[Condition]{&oneCondition, []field[Condition]{
	{key: "path", required: `write for example ["errors", "0", "extensions", "code"]`, read: readJSONPath},
	{key: "equals", read: func(v *value, c *Condition) { c.JSON.Values = []JSONValue{readJSONValue(v)} }},
	{key: "one_of", read: readJSONValues},
}}

func readJSONCondition(v *value, c *Condition) {
	readOneOf(v, &jsonConditionFields, c, "equals and one_of", `write for example "equals": false`)
}

func readJSONPath(v *value, c *Condition) {
	v.refuseEmpty(`write for example ["error", "code"]`)
	for _, item := range v.items(MaxJSONPath) {
		name, ok := item.text(`a member's name, or the position of an element, as a string`)
		if ok && (name == "" || len(name) > MaxJSONText) {
			item.bad(`%q is no name; write 1 to %s bytes, for example "code"`, name, strconv.Itoa(MaxJSONText))
		}
		c.JSON.Path = append(c.JSON.Path, name)
	}
}

func readJSONValues(v *value, c *Condition) {
	v.refuseEmpty(`write for example ["UNAUTHENTICATED"]`)
	for _, item := range v.items(maxJSONValues) {
		want := readJSONValue(item)
		if want != (JSONValue{}) && c.JSON.has(want) {
			item.repeated(clip(item.json.Raw))
		}
		c.JSON.Values = append(c.JSON.Values, want)
	}
}

// readJSONValue reads what a member is compared with. A number is compared by its text,
// and only whole ones have one text.
func readJSONValue(v *value) JSONValue {
	switch {
	case v.json.Type == gjson.String && len(v.json.Str) > MaxJSONText:
		v.bad("is longer than %s bytes, and the filter reads no more; write less", strconv.Itoa(MaxJSONText))
	case v.json.Type == gjson.String:
		return JSONValue{v.json.Str, true}
	case v.json.Type == gjson.Number:
		if n, ok := v.integer(-1<<53, 1<<53); ok {
			return JSONValue{Text: strconv.FormatInt(n, 10)}
		}
	case v.json.IsObject() || v.json.IsArray():
		v.wrongType("a string, a whole number, true, false or null")
	default:
		return JSONValue{Text: v.json.Raw}
	}
	return JSONValue{}
}

// replaceList makes failures_when take the place of what the kind counts.
func replaceList(v *value, l *Lockout) {
	if !v.has("failures_when") {
		return
	}
	for _, key := range []string{"statuses", "token_errors"} {
		if json := v.member(key); json.exists() {
			json.bad("is replaced by failures_when; remove one of them")
		}
	}
	l.Statuses, l.TokenErrors = nil, nil
}
