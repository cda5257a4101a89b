package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
)

// Listing lists the files of a run, those that this side knows; also samples, if they
// are wanted and their folder has another version than placed.
func (c *Client) Listing(ctx context.Context, name string, samples bool, placed string) (Listing, error) {
	var l Listing
	query := ""
	if samples {
		query = "?samples=" + url.QueryEscape(placed)
	}
	if err := c.ask(ctx, http.MethodGet, runPath(name, query), &l); err != nil {
		return l, err
	}
	for name, s := range l.Files {
		if f, ok := lookUp(name); !ok || s.Size < 0 || s.Size > f.most {
			delete(l.Files, name)
		}
	}
	return l, nil
}

// send makes a request; the caller closes the answer's body.
func (c *Client) send(ctx context.Context, method, path string, header http.Header, body io.Reader) (*http.Response, error) {
	conn, err := c.present()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://innate"+path, body)
	if err != nil {
		return nil, err
	}
	if header != nil {
		req.Header = header
	}
	return c.roundTrip(conn, req)
}

// whole fetches a file that does not grow.
func (c *Client) whole(ctx context.Context, name, file string) ([]byte, error) {
	f, ok := lookUp(file)
	if !ok || f.grows {
		return nil, fmt.Errorf("%s: not a file of a run that travels as a whole", file)
	}
	resp, err := c.send(ctx, http.MethodGet, runPath(name, "/files/"+file), nil, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, f.most+1))
	if err == nil && int64(len(b)) > f.most {
		err = fmt.Errorf("%s: %s: more than %d bytes", name, file, f.most)
	}
	return b, err
}

// replace gives a file new text in the place of a version.
func (c *Client) replace(ctx context.Context, name, file, version string, text []byte) error {
	header := http.Header{"If-Match": {`"` + version + `"`}}
	resp, err := c.send(ctx, http.MethodPut, runPath(name, "/files/"+file), header, bytes.NewReader(text))
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// errReplaced means that a growing file has become another: its copy is gone, and
// begins anew at the next look.
var errReplaced = errors.New("replaced")

// grow brings the next bytes of a growing file to its copy, and reports whether
// there are more at once. What has come when a connection ends is kept.
func (c *Client) grow(ctx context.Context, name, file string, to *os.Root) (more bool, got int64, err error) {
	f, ok := lookUp(file)
	if !ok || !f.grows {
		return false, 0, fmt.Errorf("%s: not a file of a run that grows", file)
	}
	local, err := to.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return false, 0, err
	}
	defer local.Close()
	have, err := local.Seek(0, io.SeekEnd)
	if err != nil {
		return false, 0, err
	}
	tail, err := tailOf(local, have)
	if err != nil {
		return false, 0, err
	}
	resp, err := c.send(ctx, http.MethodGet, fmt.Sprintf("%s?offset=%d&tail=%s", runPath(name, "/files/"+file), have, tail), nil, nil)
	if err != nil {
		return false, 0, err
	}
	defer resp.Body.Close()
	start, errStart := strconv.ParseInt(resp.Header.Get(offsetHeader), 10, 64)
	size, errSize := strconv.ParseInt(resp.Header.Get(sizeHeader), 10, 64)
	switch {
	case errStart != nil || errSize != nil || start < 0 || size < start:
		return false, 0, fmt.Errorf("%s: %s: an answer without its place in the file", name, file)
	case start != have:
		return false, 0, errors.Join(errReplaced, to.Remove(file))
	case size > f.most:
		return false, 0, fmt.Errorf("%s: %s: %d bytes, want at most %d", name, file, size, f.most)
	}
	got, err = io.Copy(local, io.LimitReader(resp.Body, min(size-start, maxChunk)))
	return err == nil && got > 0 && start+got < size, got, err
}

// put writes a file of a copy in one step, and gives it a time of change. Two files may be
// put at once: a look brings one while an order that changes another is answered.
func put(to *os.Root, name string, text []byte, stamp Stamp) error {
	tmp := path.Join(path.Dir(name), "."+path.Base(name)+".tmp")
	if err := to.WriteFile(tmp, text, 0o644); err != nil {
		return err
	}
	if !stamp.Mod.IsZero() {
		if err := to.Chtimes(tmp, stamp.Mod, stamp.Mod); err != nil {
			return err
		}
	}
	return to.Rename(tmp, name)
}
