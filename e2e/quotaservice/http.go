package quotaservice

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"net/http"
	"strings"
)

// maxBody is the longest request in bytes: a batch of a hundred calls is far below.
const maxBody = 256 << 10

func (s *Service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		reply(w, answer{404, errorMessage{"there is nothing at " + r.URL.Path}})
	})
	for _, o := range []struct {
		method, path string
		operation    func(key string, body []byte) (answer, error)
	}{
		{http.MethodPut, Prefix + "/reservations/{key}", s.reserve},
		{http.MethodPost, Prefix + "/reservations/{key}/commit", s.commit},
		{http.MethodPost, Prefix + "/reservations/{key}/refund", s.refund},
	} {
		mux.HandleFunc(o.method+" "+o.path, func(w http.ResponseWriter, r *http.Request) { serve(w, r, o.operation) })
		mux.HandleFunc(o.path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", o.method)
			reply(w, answer{405, errorMessage{"the method is " + o.method}})
		})
	}
	return s.authorized(mux)
}

// authorized lets requests with the token pass. Of tokens, their hashes are compared, which
// have one length.
func (s *Service) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		hash := sha256.Sum256([]byte(token))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(hash[:], s.token[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			reply(w, answer{401, errorMessage{"the token is missing or wrong"}})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func serve(w http.ResponseWriter, r *http.Request, operation func(key string, body []byte) (answer, error)) {
	key := r.PathValue("key")
	if !keyPattern.MatchString(key) {
		reply(w, answer{400, errorMessage{errKey.Error()}})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		reply(w, answer{413, errorMessage{"the request is too long"}})
		return
	case err != nil:
		return // the client has left
	case len(body) > 0 && !isJSON(r.Header.Get("Content-Type")):
		reply(w, answer{415, errorMessage{"the request is not application/json"}})
		return
	}
	a, err := operation(key, body)
	switch {
	case errors.Is(err, errClosed):
		a = answer{503, errorMessage{errClosed.Error()}}
	case err != nil:
		log.Printf("quota service: %s %s: %v", r.Method, r.URL.Path, err)
		a = answer{503, errorMessage{"the database has failed"}}
	}
	reply(w, a)
}

func isJSON(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && mediaType == "application/json"
}

func reply(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.message) // if the client has left, it asks again
}

func (s *Service) reserve(key string, body []byte) (answer, error) {
	wanted, err := decodeReservation(body)
	if err != nil {
		return answer{400, errorMessage{err.Error()}}, nil
	}
	if sum := wanted.sum(); wanted.Credits != sum {
		return answer{422, errorMessage{fmt.Sprintf("the calls cost %d together, and not %d", sum, wanted.Credits)}}, nil
	}
	return s.run(func(tx *transaction) (answer, error) { return tx.reserve(key, wanted) })
}

func (s *Service) commit(key string, body []byte) (answer, error) {
	wanted, err := decodeCommit(body)
	if err != nil {
		return answer{400, errorMessage{err.Error()}}, nil
	}
	return s.run(func(tx *transaction) (answer, error) { return tx.commit(key, int64(wanted.Credits)) })
}

func (s *Service) refund(key string, _ []byte) (answer, error) {
	return s.run(func(tx *transaction) (answer, error) { return tx.refund(key) })
}

func (s *Service) run(operation func(tx *transaction) (answer, error)) (a answer, err error) {
	err = s.store.do(func(tx *transaction) error {
		var err error
		a, err = operation(tx)
		return err
	})
	return a, err
}
