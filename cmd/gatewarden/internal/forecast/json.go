package forecast

import (
	"encoding/json"
	"io"
)

// WriteJSON writes all of it.
func (f *Forecast) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(f)
}
