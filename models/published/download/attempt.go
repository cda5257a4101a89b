package download

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"innate/models/published"
)

// lastingError is one that another attempt meets again.
type lastingError struct{ error }

func (e lastingError) Unwrap() error { return e.error }

// busyError is the answer of a server that wants to be asked later.
type busyError struct {
	error
	after time.Duration
}

// maxAfter bounds how long a server may have one wait.
const maxAfter = 2 * time.Minute

// client follows redirects, but never from a protected address to one that is not.
var client = &http.Client{
	Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   30 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // bytes are counted as they are stored
	},
	CheckRedirect: func(r *http.Request, via []*http.Request) error {
		switch {
		case len(via) >= 10:
			return lastingError{errors.New("more than 10 redirects")}
		case via[0].URL.Scheme == "https" && r.URL.Scheme != "https":
			return lastingError{fmt.Errorf("redirect to %s, want https", r.URL)}
		}
		return nil
	},
}

// attempt asks for what is missing and appends it.
func (d Download) attempt(ctx context.Context, f published.File, part *part) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// Headers have a deadline of their own, which may be longer than this one.
	watch := time.AfterFunc(d.Stall, func() { cancel(fmt.Errorf("nothing came for %v", d.Stall)) })
	defer watch.Stop()

	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return lastingError{err}
	}
	r.Header.Set("User-Agent", "innate")
	if part.size > 0 && part.from != "" {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", part.size))
		r.Header.Set("If-Range", part.from)
	}
	answer, err := client.Do(r)
	if err != nil {
		return hopeless(stalled(ctx, err))
	}
	defer answer.Body.Close()
	all, err := part.accept(answer)
	if errors.Is(err, errWhole) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.URL, err)
	}
	if f.Size > 0 && all > 0 && all != f.Size {
		return lastingError{fmt.Errorf("%s: %d bytes, want %d as published", f.URL, all, f.Size)}
	}
	if err := room(part.Name(), all-part.size); err != nil {
		return err
	}
	if err := d.receive(part, answer.Body, all, watch); err != nil {
		return stalled(ctx, err)
	}
	return nil
}

// stalled is err, or why ctx was ended, if that is the cause.
func stalled(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// hopeless marks the errors before an answer that no further attempt will change: a
// name that nobody knows, a server that is not who it should be.
func hopeless(err error) error {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	if errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &cert) {
		return lastingError{err}
	}
	return err
}

// errWhole says that nothing is missing.
var errWhole = errors.New("nothing is missing")

// accept reads the head of an answer: it makes the part end where the answer's body
// begins, and returns how many bytes the file has, 0 if that is not said.
func (p *part) accept(answer *http.Response) (all int64, err error) {
	switch answer.StatusCode {
	case http.StatusOK: // all of it, from its beginning
		return max(0, answer.ContentLength), p.restart(version(answer.Header))
	case http.StatusPartialContent:
		first, total, err := contentRange(answer.Header.Get("Content-Range"))
		if err == nil && first != p.size {
			err = fmt.Errorf("part of the file from byte %d, want from %d", first, p.size)
		}
		return total, err
	case http.StatusRequestedRangeNotSatisfiable: // the part is as long as the file, or longer
		if answer.Header.Get("Content-Range") == fmt.Sprintf("bytes */%d", p.size) {
			return p.size, errWhole
		}
		return 0, errors.Join(errors.New(answer.Status), p.restart(""))
	case http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusServiceUnavailable:
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After")) // 0 where it is a date
		return 0, busyError{errors.New(answer.Status), min(time.Duration(max(0, seconds))*time.Second, maxAfter)}
	}
	if answer.StatusCode >= 500 {
		return 0, errors.New(answer.Status)
	}
	return 0, lastingError{errors.New(answer.Status)}
}

// version tells by what a later request can ask for the rest of the same bytes: a
// strong ETag, or the time of the last change; "" for neither.
func version(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return h.Get("Last-Modified")
}

// contentRange reads "bytes FIRST-LAST/TOTAL", where TOTAL may be *.
func contentRange(s string) (first, total int64, err error) {
	var last int64
	if n, _ := fmt.Sscanf(s, "bytes %d-%d/%d", &first, &last, &total); n < 2 {
		return 0, 0, fmt.Errorf("range %.60q of a part of the file, want bytes and two numbers", s)
	}
	return first, total, nil
}

// receive appends a body, which ends the file.
func (d Download) receive(part *part, body io.Reader, all int64, watch *time.Timer) error {
	buf := make([]byte, 256<<10)
	for {
		n, err := body.Read(buf)
		watch.Reset(d.Stall)
		if n > 0 {
			if _, err := part.Write(buf[:n]); err != nil {
				return lastingError{err}
			}
			if d.Progress != nil {
				d.Progress(part.size, all)
			}
		}
		switch {
		case errors.Is(err, io.EOF) && all > 0 && part.size != all:
			return fmt.Errorf("%d bytes of %d came", part.size, all)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// Offline reports whether an error came before any server had answered.
func Offline(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return (errors.As(err, &op) && op.Op == "dial") || errors.As(err, &dns) || errors.Is(err, os.ErrDeadlineExceeded)
}
