package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"innate/trainer/run"
)

// How long sending may take.
const (
	webhookTime = 10 * time.Second // for one try
	webhookTry  = 3
)

// Tests shorten these.
var (
	webhookWait = 2 * time.Second  // before the second try; doubles for each after it
	commandTime = 30 * time.Second // for the command
)

// client follows no redirects: what is sent goes where the user said.
var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       webhookTime,
}

// Send sends an alert to all targets and waits for that, for less than two minutes. An
// error names those that did not take it, without a secret.
func (t Targets) Send(ctx context.Context, a Alert) error {
	body, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("alerts: %w", err)
	}
	if t.Webhook != "" {
		err = t.post(ctx, body)
	}
	if len(t.Command) > 0 {
		err = errors.Join(err, t.run(ctx, a, body))
	}
	return err
}

// post gives a webhook an alert, in a few tries.
func (t Targets) post(ctx context.Context, body []byte) error {
	wait := webhookWait
	for try := 1; ; try++ {
		again, err := t.postOnce(ctx, body)
		if err == nil || !again || try == webhookTry {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
		wait *= 2
	}
}

// postOnce reports whether it is worth another try.
func (t Targets) postOnce(ctx context.Context, body []byte) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Webhook, bytes.NewReader(body))
	if err != nil {
		return false, errors.New("alerts: webhook: no request can be made of its address")
	}
	host := req.URL.Host
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "innate")
	resp, err := client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // less the address, which is a secret
		}
		return true, fmt.Errorf("alerts: webhook of %s: %w", host, err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // what it says is nobody's concern
	switch code := resp.StatusCode; {
	case code/100 == 2:
		return false, nil
	case code/100 == 3:
		return false, fmt.Errorf("alerts: webhook of %s: %s, want an address that leads nowhere else", host, resp.Status)
	default:
		return code/100 == 5 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout,
			fmt.Errorf("alerts: webhook of %s: %s", host, resp.Status)
	}
}

// run gives the command an alert.
func (t Targets) run(ctx context.Context, a Alert, body []byte) error {
	name := run.OneLine(t.Command[0])
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, t.Command[0], t.Command[1:]...)
	cmd.Dir = "/" // whatever lies where the trainer was started
	cmd.Stdin = bytes.NewReader(append(body, '\n'))
	cmd.Env = append(os.Environ(), environment(a)...)
	said := &head{}
	cmd.Stdout, cmd.Stderr = said, said
	// It may start others, which end with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for who holds its output open all the same
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("alerts: command %s: killed after %v", name, commandTime)
	case said.text.Len() > 0:
		return fmt.Errorf("alerts: command %s: %w: %s", name, err, run.OneLine(said.text.String()))
	}
	return fmt.Errorf("alerts: command %s: %w", name, err)
}

// environment is what the command finds in its environment, for scripts that read no
// JSON.
func environment(a Alert) []string {
	var list []string
	for _, v := range [][2]string{
		{"INNATE_ALERT", a.Kind}, {"INNATE_ALERT_TEXT", a.Text}, {"INNATE_ALERT_RUN", a.Run}, {"INNATE_ALERT_DIR", a.Dir},
		{"INNATE_ALERT_KIMG", fmt.Sprintf("%.3f", float64(a.Nimg)/1000)},
	} {
		list = append(list, v[0]+"="+strings.ReplaceAll(v[1], "\x00", "?"))
	}
	return list
}

// head keeps the beginning of what a command says.
type head struct{ text strings.Builder }

func (h *head) Write(b []byte) (int, error) {
	const most = 300
	if room := most - h.text.Len(); room > 0 {
		h.text.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}
