package quotaservice

import (
	"encoding/json"
	"errors"
	"math"
	"regexp"

	"github.com/google/jsonschema-go/jsonschema"
)

// The messages of docs/quota-service.yaml. Unknown and missing fields are refused by the
// schemas that are derived from these types.
type (
	reservation struct {
		Credits         uint32 `json:"credits"`
		LifetimeSeconds int64  `json:"lifetime_seconds"`
		Payer           payer  `json:"payer"`
		Surface         string `json:"surface"`
		Calls           []call `json:"calls"`
	}
	payer struct {
		Tenant  string `json:"tenant"`
		Subject string `json:"subject"`
		Tier    string `json:"tier,omitempty"`
	}
	call struct {
		Tool    string `json:"tool"`
		Credits uint32 `json:"credits"`
	}
	commit struct {
		Credits uint32 `json:"credits"`
	}
	balance struct {
		Left         int64 `json:"left"`
		Limit        int64 `json:"limit"`
		ResetSeconds int64 `json:"reset_seconds"`
	}
	refusal struct {
		Left              int64 `json:"left"`
		Limit             int64 `json:"limit"`
		RetryAfterSeconds int64 `json:"retry_after_seconds,omitempty"`
	}
	stateMessage struct {
		State   state `json:"state"`
		Credits int64 `json:"credits"`
	}
	errorMessage struct {
		Error string `json:"error"`
	}
)

type state string

const (
	reserved  state = "reserved"
	committed state = "committed"
	refunded  state = "refunded"
	expired   state = "expired"
)

// MaxLifetime is the longest lifetime of a reservation, in seconds.
const MaxLifetime = 24 * 60 * 60

var keyPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

var (
	reservationSchema = schemaOf[reservation](func(s *jsonschema.Schema) {
		s.Properties["credits"].Minimum = jsonschema.Ptr(1.0)
		s.Properties["lifetime_seconds"].Minimum = jsonschema.Ptr(1.0)
		s.Properties["lifetime_seconds"].Maximum = jsonschema.Ptr(float64(MaxLifetime))
		s.Properties["calls"].Types, s.Properties["calls"].Type = nil, "array" // and not null
		s.Properties["calls"].MinItems = jsonschema.Ptr(1)
	})
	commitSchema = schemaOf[commit](func(s *jsonschema.Schema) {
		s.Properties["credits"].Minimum = jsonschema.Ptr(1.0)
	})
)

// schemaOf derives the schema of a Go type, to which edit adds what types do not say.
func schemaOf[T any](edit func(s *jsonschema.Schema)) *jsonschema.Resolved {
	s, err := jsonschema.For[T](nil)
	if err != nil {
		panic(err) // the types are our own
	}
	edit(s)
	resolved, err := s.Resolve(nil)
	if err != nil {
		panic(err)
	}
	return resolved
}

// decode reads a message that fits a schema.
func decode(body []byte, schema *jsonschema.Resolved, into any) error {
	var any any
	if err := json.Unmarshal(body, &any); err != nil {
		return err
	}
	if err := schema.Validate(any); err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

func decodeReservation(body []byte) (r reservation, err error) {
	err = decode(body, reservationSchema, &r)
	return r, err
}

// sum is what the calls cost together.
func (r reservation) sum() uint32 {
	sum := uint64(0)
	for _, c := range r.Calls {
		sum += uint64(c.Credits)
	}
	return uint32(min(sum, math.MaxUint32))
}

func decodeCommit(body []byte) (c commit, err error) {
	err = decode(body, commitSchema, &c)
	return c, err
}

// text is a message of ours as JSON.
func text(message any) string {
	encoded, err := json.Marshal(message)
	if err != nil {
		panic(err) // messages have nothing that JSON has not
	}
	return string(encoded)
}

var errKey = errors.New("a key has 32 hexadecimal digits in lower case")
