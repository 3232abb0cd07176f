package quotaservice

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Account is what a tenant may spend in each window. The empty tenant pays for callers
// without a verified tenant.
type Account struct {
	Tenant string `json:"tenant"`
	Limit  int64  `json:"limit"`
	Window Window `json:"window"`
}

func (a Account) check() error {
	if a.Limit < 0 || a.Limit > math.MaxUint32 {
		return fmt.Errorf("the limit of %q is %d; it must be between 0 and %d", a.Tenant, a.Limit, uint32(math.MaxUint32))
	}
	return a.Window.Check()
}

// ParseAccounts reads a JSON array of accounts. Those without a window get the given one.
func ParseAccounts(text []byte, window Window) ([]Account, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var accounts []Account
	if err := decoder.Decode(&accounts); err != nil {
		return nil, err
	}
	for i := range accounts {
		if accounts[i].Window == "" {
			accounts[i].Window = window
		}
		if err := accounts[i].check(); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

// ParseAccount reads an account as "tenant=limit".
func ParseAccount(text string, window Window) (Account, error) {
	at := strings.LastIndexByte(text, '=')
	if at < 0 {
		return Account{}, errors.New(`write tenant=limit, for example "acme=1000"`)
	}
	limit, err := strconv.ParseInt(text[at+1:], 10, 64)
	if err != nil {
		return Account{}, fmt.Errorf("%q is not a number of credits", text[at+1:])
	}
	a := Account{Tenant: text[:at], Limit: limit, Window: window}
	return a, a.check()
}
