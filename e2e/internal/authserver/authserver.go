// Package authserver is an authorization server: that of github.com/zitadel/oidc,
// with the storage in memory that comes with it. It answers introspections (RFC
// 7662), which can be counted and held.
package authserver

import (
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// The credentials of a resource server that asks about tokens. The secret needs encoding
// in every place.
const (
	ClientID     = "gateway"
	ClientSecret = "p&ss: w%rd+"
)

// Subject is a user that the storage knows.
const Subject = "id1"

// Path is where introspections are asked for.
const Path = "/oauth/introspect"

// Server is an authorization server.
type Server struct {
	// Address is host:port.
	Address string

	provider *op.Provider
	storage  *storage.Storage
	handler  http.Handler
	http     *http.Server
	done     chan struct{}

	mu    sync.Mutex
	asked int
	gate  chan struct{} // introspections wait until it is closed; nil if they need not
}

// New returns a server that does not listen yet.
func New() (*Server, error) {
	const issuer = "http://localhost"
	s := &Server{}
	s.storage = storage.NewStorageWithClients(storage.NewUserStore(issuer), map[string]*storage.Client{
		ClientID: storage.WebClient(ClientID, ClientSecret),
	})
	var err error
	s.provider, err = op.NewProvider(&op.Config{CryptoKey: sha256.Sum256([]byte("e2e")), CryptoKeyId: "e2e", AuthMethodPost: true},
		s.storage, op.StaticIssuer(issuer), op.WithAllowInsecure())
	if err != nil {
		return nil, err
	}
	// Of the library's two handlers, this one takes client_secret_post for
	// introspections, too.
	s.handler = op.RegisterLegacyServer(op.NewLegacyServer(s.provider, *op.DefaultEndpoints), op.AuthorizeCallbackHandler(s.provider))
	return s, nil
}

// Start listens on an address, 127.0.0.1:0 for any free port.
func (s *Server) Start(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	s.Address = listener.Addr().String()
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		_ = s.http.Serve(listener) // it ends with Stop
	}()
	return nil
}

// Stop closes every connection. Tokens are kept: it can be started again.
func (s *Server) Stop() error {
	err := s.http.Close()
	<-s.done
	return err
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == Path {
		s.mu.Lock()
		s.asked++
		gate := s.gate
		s.mu.Unlock()
		if gate != nil {
			select {
			case <-gate:
			case <-r.Context().Done():
				return
			}
		}
	}
	s.handler.ServeHTTP(w, r)
}

// Asked is how many introspections were asked for.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// Hold lets introspections wait until release is called.
func (s *Server) Hold() (release func()) {
	gate := make(chan struct{})
	s.mu.Lock()
	s.gate = gate
	s.mu.Unlock()
	return sync.OnceFunc(func() {
		s.mu.Lock()
		s.gate = nil
		s.mu.Unlock()
		close(gate)
	})
}

// Issue makes an opaque access token for [Subject].
func (s *Server) Issue(scopes ...string) (token string, err error) {
	request := &oidc.JWTTokenRequest{Subject: Subject, Audience: []string{ClientID}, Scopes: append([]string{oidc.ScopeOpenID}, scopes...)}
	token, _, _, err = op.CreateAccessToken(context.Background(), request, op.AccessTokenTypeBearer, s.provider, nil, "")
	return token, err
}

// Revoke makes a token inactive.
func (s *Server) Revoke(token string) error {
	plain, err := s.provider.Crypto().Decrypt(token)
	if err != nil {
		return err
	}
	id, subject, found := strings.Cut(plain, ":")
	if !found {
		return errors.New("not a token of this server")
	}
	if refused := s.storage.RevokeToken(context.Background(), id, subject, ""); refused != nil {
		return refused
	}
	return nil
}
