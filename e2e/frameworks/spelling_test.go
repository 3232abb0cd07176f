package frameworks

import (
	"bytes"
	"encoding/json"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
)

// spelling is a way to send fields. Many frameworks read them in more ways than their
// own pages use.
type spelling struct {
	name string
	send func(request *http.Request, fields url.Values) (body []byte, err error)
}

var (
	asForm      = spelling{"form", sendForm}
	asMultipart = spelling{"multipart", sendMultipart}
	asJSON      = spelling{"JSON", sendJSON}
	asQuery     = spelling{"query", sendQuery}
	asBasic     = spelling{"Basic", sendBasic}
)

func sendForm(request *http.Request, fields url.Values) ([]byte, error) {
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return []byte(fields.Encode()), nil
}

func sendQuery(request *http.Request, fields url.Values) ([]byte, error) {
	request.URL.RawQuery = fields.Encode()
	return nil, nil
}

func sendMultipart(request *http.Request, fields url.Values) ([]byte, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	request.Header.Set("Content-Type", w.FormDataContentType())
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := w.WriteField(name, fields.Get(name)); err != nil {
			return nil, err
		}
	}
	err := w.Close() // writes the end
	return body.Bytes(), err
}

func sendJSON(request *http.Request, fields url.Values) ([]byte, error) {
	request.Header.Set("Content-Type", "application/json")
	object := map[string]string{}
	for name := range fields {
		object[name] = fields.Get(name)
	}
	return json.Marshal(object)
}

// sendBasic sends an OAuth client's id and secret in the header, as curl -u does.
func sendBasic(request *http.Request, fields url.Values) ([]byte, error) {
	request.SetBasicAuth(fields.Get("client_id"), fields.Get("client_secret"))
	return sendForm(request, url.Values{"grant_type": fields["grant_type"]})
}
