package control

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"innate/trainer/run"
)

// PatienceHeader is how many milliseconds a client on another machine waits for
// the outcome of a command: the clocks of two machines differ.
const PatienceHeader = "Innate-Patience"

// Forward passes requests on to the trainer of the run in dir, with its answers
// as they come. A request that is for no route of a trainer is refused.
func Forward(dir string) http.Handler {
	c := NewClient(dir)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.forward(w, r); err != nil {
			writeJSON(w, http.StatusBadGateway, errorBody{err.Error()})
		}
	})
}

func (c *Client) forward(w http.ResponseWriter, r *http.Request) error {
	if !slices.Contains(paths(), r.URL.Path) {
		refuse(w, http.StatusNotFound, fmt.Sprintf("control: %s: no such route", r.URL.Path))
		return nil
	}
	out, err := http.NewRequestWithContext(r.Context(), r.Method, "http://innate"+r.URL.Path, http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	out.URL.RawQuery = r.URL.RawQuery
	out.ContentLength = r.ContentLength
	if text := r.Header.Get(PatienceHeader); text != "" {
		ms, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			refuse(w, http.StatusBadRequest, fmt.Sprintf("control: header %s: %q, want milliseconds", PatienceHeader, text))
			return nil
		}
		out.Header.Set(deadlineHeader, time.Now().Add(time.Duration(ms)*time.Millisecond).Format(time.RFC3339Nano))
	}
	if pid, held, err := run.Holder(c.dir); err == nil && held {
		if err := run.Suspended(pid); err != nil { // it would never answer
			return fmt.Errorf("control: %s: %w", c.name, err)
		}
	}
	resp, err := c.http.Do(out)
	switch {
	case isDial(err) && r.Context().Err() == nil:
		return c.unreached(err)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("control: %s: the trainer ended before it answered", c.name)
	case err != nil:
		return fmt.Errorf("control: %s: %w", c.name, err)
	}
	defer resp.Body.Close()
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.StatusCode)
	CopyFlushing(w, resp.Body)
	return nil
}

// CopyFlushing copies an answer as it comes, as that of a stream. One that is cut
// ends the request as if this side were cut, too.
func CopyFlushing(w http.ResponseWriter, from io.Reader) {
	flush := http.NewResponseController(w)
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil || flush.Flush() != nil {
				return
			}
		}
		switch {
		case err == io.EOF:
			return
		case err != nil:
			panic(http.ErrAbortHandler) // a cut answer must not look whole
		}
	}
}
