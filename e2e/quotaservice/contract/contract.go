// Package contract compares what a quota service and its clients say with
// docs/quota-service.yaml.
package contract

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// Contract is the document.
type Contract struct{ router routers.Router }

// Load reads the document of a service whose operations are below a path.
func Load(file, path string) (*Contract, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: path}}
	router, err := legacy.NewRouter(doc) // which validates it
	if err != nil {
		return nil, err
	}
	return &Contract{router}, nil
}

// Exchange is a request with its answer, and how each of them differs from the document.
type Exchange struct {
	Answer            *httptest.ResponseRecorder
	Request, Response error
}

// Serve lets a handler answer a request.
func (c *Contract) Serve(handler http.Handler, r *http.Request) (e Exchange, err error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return e, err
	}
	route, parameters, err := c.router.FindRoute(r)
	if err != nil {
		return e, err
	}
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	e.Request = openapi3filter.ValidateRequest(r.Context(), input)

	r.Body = io.NopCloser(bytes.NewReader(body)) // it was read
	e.Answer = httptest.NewRecorder()
	handler.ServeHTTP(e.Answer, r)
	e.Response = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: e.Answer.Code, Header: e.Answer.Header(), Options: input.Options,
		Body: io.NopCloser(bytes.NewReader(e.Answer.Body.Bytes())),
	})
	return e, nil
}
