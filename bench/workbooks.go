//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Workbooks with an invalid header, sent concurrently, each with its own key.
const (
	workbookCount = 16
	workbookMiB   = 200 // unpacked
	pollInterval  = 20 * time.Millisecond
)

// workbookResult has the results of parallel workbooks on one engine.
type workbookResult struct {
	engine   string
	answers  map[int]int // by status
	took     time.Duration
	memory   int   // peak of resident memory, MB
	before   int   // resident memory before the first workbook
	files    int64 // peak of temporary files in bytes
	requests []time.Duration
}

// workbooks sends parallel workbooks to a server on each engine while small
// requests of another community are measured.
func (b *bench) workbooks(ctx context.Context) ([]*workbookResult, error) {
	book, err := invalidWorkbook(workbookMiB)
	if err != nil {
		return nil, err
	}
	var list []*workbookResult
	for _, engine := range b.engines {
		err := b.serve(ctx, engine, func(v *server) error {
			c, err := b.measureWorkbooks(ctx, v, book)
			list = append(list, c)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("workbooks on %s: %w", engine, err)
		}
	}
	return list, nil
}

func (b *bench) measureWorkbooks(ctx context.Context, v *server, book []byte) (*workbookResult, error) {
	c := &workbookResult{engine: v.store.engine, answers: map[int]int{}}
	other := &server{store: v.store, cmd: v.cmd, address: v.address, client: v.client}
	if err := b.prepare(ctx, v.store, other); err != nil {
		return c, err
	}
	keys, err := b.keysOf(ctx, v)
	if err != nil {
		return c, err
	}
	if c.before, err = v.peak(); err != nil {
		return c, err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var watch sync.WaitGroup
	watch.Go(func() { c.files = v.peakTemporary(watching) })
	var failed error
	watch.Go(func() { c.requests, failed = b.sendUntil(watching, other) })
	began := b.clock.Now()
	statuses := make(chan int, len(keys))
	for _, key := range keys {
		go func() { statuses <- b.sendWorkbook(ctx, v, key, book) }()
	}
	for range keys {
		c.answers[<-statuses]++
	}
	c.took = b.clock.Now().Sub(began)
	stop()
	watch.Wait()
	if failed != nil {
		return c, failed
	}
	c.memory, err = v.peak()
	b.logf("%s: %d workbooks of %d MiB in %s: answers %v, %d MB of memory, %d MB of temporary files, longest other request %s",
		c.engine, len(keys), workbookMiB, seconds(c.took), c.answers, c.memory, c.files/1e6, slices.Max(c.requests))
	return c, err
}

// keysOf creates a key for each workbook.
func (b *bench) keysOf(ctx context.Context, v *server) (keys []string, err error) {
	for range workbookCount {
		var created struct{ Key string }
		out, err := b.regulars(ctx, v.store, "key", "create", "--json", "--name", "bench", "--permission", "*", "--community", v.community).Output()
		if err == nil {
			err = json.Unmarshal(out, &created)
		}
		if err != nil {
			return nil, fmt.Errorf("key create: %w", err)
		}
		keys = append(keys, created.Key)
	}
	return keys, nil
}

// sendWorkbook returns the status of the response, 0 if there was none.
func (b *bench) sendWorkbook(ctx context.Context, v *server, key string, book []byte) int {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("data", "members.xlsx")
	if err != nil {
		return 0
	}
	if _, err := part.Write(book); err != nil || w.Close() != nil {
		return 0
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+v.address+"/v1/users/bulk-import", &form)
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+key)
	client := &http.Client{Timeout: 10 * time.Minute}
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// sendUntil sends sequential small requests until ctx is done.
func (b *bench) sendUntil(ctx context.Context, v *server) (took []time.Duration, err error) {
	for {
		began := b.clock.Now()
		err := v.must(context.WithoutCancel(ctx), http.MethodGet, "/v1/communities/"+v.community+"/tags", nil, nil)
		took = append(took, b.clock.Now().Sub(began))
		if err != nil {
			return took, err
		}
		select {
		case <-ctx.Done():
			return took, nil
		case <-time.After(pollInterval):
		}
	}
}

// peakTemporary polls the disk use of the server's open temporary files until ctx
// is done, and returns the peak in bytes.
func (v *server) peakTemporary(ctx context.Context) (most int64) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		most = max(most, v.temporary())
		select {
		case <-ctx.Done():
			return most
		case <-tick.C:
		}
	}
}

func (v *server) temporary() (sum int64) {
	open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", v.cmd.Process.Pid)) // valid pattern
	for _, fd := range open {
		path, err := os.Readlink(fd)
		if err != nil || !strings.Contains(path, "/scratch/") && !strings.HasPrefix(filepath.Base(path), "table-") {
			continue
		}
		var stat syscall.Stat_t
		if syscall.Stat(fd, &stat) == nil {
			sum += 512 * stat.Blocks
		}
	}
	return sum
}

// invalidWorkbook returns a workbook with an invalid header that unpacks to the
// given size.
func invalidWorkbook(mebibytes int) ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, part := range [][2]string{
		{"[Content_Types].xml", "<Types/>"},
		{"xl/workbook.xml", `<workbook><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", `<worksheet><sheetData><row><c t="s"><v>0</v></c></row></sheetData></worksheet>`},
	} {
		w, err := archive.Create(part[0])
		if err == nil {
			_, err = io.WriteString(w, part[1])
		}
		if err != nil {
			return nil, err
		}
	}
	w, err := archive.Create("xl/sharedStrings.xml")
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // deterministic
	padding := strings.Repeat("0", 1998)
	_, err = io.WriteString(w, "<sst>")
	for range mebibytes << 9 {
		if err == nil { // noise, so that it does not compress like a zip bomb
			_, err = fmt.Fprintf(w, "<si><t>%016x%016x%s</t></si>", random.Uint64(), random.Uint64(), padding)
		}
	}
	if err == nil {
		_, err = io.WriteString(w, "</sst>")
	}
	if err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (b *bench) reportWorkbooks(list []*workbookResult) error {
	var rows []string
	for _, c := range list {
		rows = append(rows, fmt.Sprintf("%s|%d|%v|%s|%d MB|%d MB|%d MB|%s|%s", c.engine, workbookCount, c.answers, seconds(c.took), c.before, c.memory, c.files/1e6,
			median(c.requests), quantile(c.requests, 1)))
	}
	return printTable(b.out, "engine|workbooks|answers by status|all answered|memory before|peak|temporary files|another community's request|longest", rows)
}
