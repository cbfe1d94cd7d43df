//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// wizardResult has the times of a file in the import wizard, one of each per round.
type wizardResult struct {
	engine  string
	rows    int
	floor   []time.Duration // to read the file alone
	columns []time.Duration // from the first byte of the upload to the page of the columns
	check   []time.Duration // from the form of the columns to the page of the check
	cpu     []time.Duration // processor time of the check
	failed  []time.Duration // to load the page of a check with many kinds of errors
	bytes   int             // of that page
}

// visitor uses the console with a session.
type visitor struct {
	server *server
	cookie string
}

// wrong are cells that fail, of different columns and kinds.
var wrong = []struct {
	column int
	text   string
}{
	{0, ""},
	{1, ""},
	{2, ""},
	{3, ""},
	{3, "someone"},
	{2, "a b"},
	{4, "12"},
	{5, "Atlantis"},
	{6, "Klingon"},
	{7, "Wizard"},
	{8, "unknown"},
	{10, "many"},
	{10, "1,234"},
	{11, "soon"},
	{0, strings.Repeat("n", 500)},
	{1, strings.Repeat("n", 500)},
	{9, strings.Repeat("p", 20_000)},
	{0, "a\x01b"},
	{1, "a\x01b"},
	{9, "a\x01b"},
}

// wrongRows is the number of rows of the file with errors.
const wrongRows = 600

// wizards measures the wizard with a file of each size.
func (b *bench) wizards(ctx context.Context) ([]*wizardResult, error) {
	failing := filepath.Join(b.folder, "failing.csv")
	if err := writeWrong(failing); err != nil {
		return nil, err
	}
	var results []*wizardResult
	for _, rows := range b.rows {
		path := filepath.Join(b.folder, "wizard.csv")
		if err := writeFile(path, rows, math.MaxInt64, newGenerator(false), rows); err != nil {
			return nil, err
		}
		for _, engine := range b.engines {
			g := &wizardResult{engine: engine, rows: rows}
			for range b.rounds {
				if err := b.wizardRound(ctx, g, path, failing); err != nil {
					return nil, fmt.Errorf("wizard with %d rows on %s: %w", rows, engine, err)
				}
				last := len(g.check) - 1
				b.logf("%s, %d rows: read alone %s, columns %s, check %s (cpu %s); page of %d bytes with errors %s", engine, rows, seconds(g.floor[last]), seconds(g.columns[last]), seconds(g.check[last]), seconds(g.cpu[last]), g.bytes, seconds(g.failed[last]))
			}
			results = append(results, g)
		}
	}
	return results, nil
}

func writeWrong(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	rows, out := newGenerator(false), csv.NewWriter(f)
	err = out.Write(header)
	for i := 0; i < wrongRows && err == nil; i++ {
		row := rows.next()
		row[wrong[i%len(wrong)].column] = wrong[i%len(wrong)].text
		err = out.Write(row)
	}
	out.Flush()
	return errors.Join(err, out.Error())
}

func (b *bench) wizardRound(ctx context.Context, g *wizardResult, path, failing string) error {
	began := b.clock.Now()
	if err := readAlone(path); err != nil {
		return err
	}
	g.floor = append(g.floor, b.clock.Now().Sub(began))
	if err := b.settle(ctx, g.engine); err != nil {
		return err
	}
	return b.serve(ctx, g.engine, func(v *server) error {
		p, err := b.signIn(ctx, v)
		if err != nil {
			return err
		}
		began := b.clock.Now()
		draft, columns, err := p.drop(ctx, path)
		if err != nil {
			return err
		}
		g.columns = append(g.columns, b.clock.Now().Sub(began))
		before, err := b.cpuTime(g.engine, v)
		if err != nil {
			return err
		}
		began = b.clock.Now()
		if _, err := b.checkFile(ctx, p, draft, columns); err != nil {
			return err
		}
		g.check = append(g.check, b.clock.Now().Sub(began))
		after, err := b.cpuTime(g.engine, v)
		if err != nil {
			return err
		}
		g.cpu = append(g.cpu, after-before)
		if draft, columns, err = p.drop(ctx, failing); err != nil {
			return err
		}
		page, err := b.checkFile(ctx, p, draft, columns)
		if err != nil {
			return err
		}
		began = b.clock.Now()
		text, err := p.get(ctx, page)
		g.failed, g.bytes = append(g.failed, b.clock.Now().Sub(began)), len(text)
		return err
	})
}

// readAlone reads all cells of a CSV file.
func readAlone(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	in.ReuseRecord = true
	for {
		switch _, err := in.Read(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// signIn creates the owner of the community and signs them in.
func (b *bench) signIn(ctx context.Context, v *server) (*visitor, error) {
	const password = "correct horse battery staple"
	cmd := b.regulars(ctx, v.store, "user", "create", "--email", "bench@example.com", "--username", "bench", "--password-stdin", "--owner-of", v.community)
	cmd.Stdin = strings.NewReader(password)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("regulars user create: %w: %s", err, out)
	}
	var session struct{ Token string }
	err := v.must(ctx, "POST", "/v1/auth/login", map[string]string{"emailOrUsername": "bench", "password": password}, &session)
	return &visitor{v, session.Token}, err
}

// send sends a request and returns the place that the response leads to and its
// content.
func (p *visitor) send(ctx context.Context, method, path, kind string, body io.Reader) (place, text string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+p.server.address+path, body)
	if err != nil {
		return "", "", err
	}
	r.Header.Set("Content-Type", kind)
	r.AddCookie(&http.Cookie{Name: "regulars", Value: p.cookie})
	client := *p.server.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(r)
	if err != nil {
		return "", "", err
	}
	content, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err == nil && response.StatusCode >= 400 {
		err = fmt.Errorf("%s %s: %s: %.500s", method, path, response.Status, content)
	}
	return response.Header.Get("Location"), string(content), err
}

func (p *visitor) get(ctx context.Context, path string) (string, error) {
	_, text, err := p.send(ctx, "GET", path, "", http.NoBody)
	return text, err
}

// drop uploads a file and loads the page of its columns.
func (p *visitor) drop(ctx context.Context, path string) (draft, columns string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", "", err
	}
	defer file.Close()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	if _, err := w.CreateFormFile("data", filepath.Base(path)); err != nil {
		return "", "", err
	}
	opening := form.Len()
	if err := w.Close(); err != nil {
		return "", "", err
	}
	body := io.MultiReader(bytes.NewReader(form.Bytes()[:opening]), file, bytes.NewReader(form.Bytes()[opening:]))
	if draft, _, err = p.send(ctx, "POST", "/c/"+p.server.community+"/import/files", w.FormDataContentType(), body); err != nil {
		return "", "", err
	}
	columns, err = p.get(ctx, draft)
	return draft, columns, err
}

var versionInput = regexp.MustCompile(`name="version" value="([0-9]+)"`)

// checkFile sends the form of the columns, waits for the check and loads its page.
func (b *bench) checkFile(ctx context.Context, p *visitor, draft, columns string) (page string, err error) {
	form := url.Values{"mode": {"upsert"}}
	if found := versionInput.FindStringSubmatch(columns); found != nil {
		form.Set("version", found[1])
	}
	if page, _, err = p.send(ctx, "POST", draft+"/columns", "application/x-www-form-urlencoded", strings.NewReader(form.Encode())); err != nil {
		return "", err
	}
	if _, _, err := b.finish(ctx, p.server, page[strings.LastIndex(page, "/")+1:], nil); err != nil {
		return "", err
	}
	_, err = p.get(ctx, page)
	return page, err
}

func (b *bench) reportWizards(list []*wizardResult) error {
	var rows []string
	for _, g := range list {
		rows = append(rows, strings.Join([]string{
			g.engine, fmt.Sprint(g.rows), seconds(median(g.floor)), seconds(median(g.columns)), "1 s", seconds(median(g.check)), "4 s", seconds(median(g.cpu)), fmt.Sprint(g.bytes), "100 KB", fmt.Sprint(median(g.failed).Milliseconds(), " ms"), "300 ms",
		}, "|"))
	}
	return printTable(b.out, "engine|rows|reading alone|drop to columns|bound|check|bound|its processor time|bytes of a page with 20 kinds of errors|bound|its time|bound", rows)
}
