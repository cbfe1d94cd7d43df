package app_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/field"
)

// part is a part of a multipart form, a file if it has a file name.
type part struct{ name, file, content string }

func fileOf(content string) []part { return []part{{"data", "members.csv", content}} }

func encodeParts(t *testing.T, parts []part) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		disposition := fmt.Sprintf("form-data; name=%q", p.name)
		if p.file != "" {
			disposition += fmt.Sprintf("; filename=%q", p.file)
		}
		made, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {disposition}})
		if err == nil {
			_, err = io.WriteString(made, p.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// decoded is a decoded response of the API.
type decoded struct {
	status int
	Code   string
	Errors []struct{ Field, Code string }
	Data   struct{ JobID string }
	text   string
}

func (a decoded) fields() (names []string) {
	for _, e := range a.Errors {
		names = append(names, e.Field)
	}
	return names
}

// send uploads a body to the import, or asks path with GET when kind is "".
// header is a list of names and values.
func send(t *testing.T, a *apptest.App, path, key, kind string, body io.Reader, header ...string) (got decoded) {
	t.Helper()
	method := http.MethodPost
	if kind == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(t.Context(), method, a.URL()+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	status, answer, content := a.Send(t, r)
	got.status, got.text = status, string(content)
	if strings.Contains(answer.Get("Content-Type"), "json") {
		if err := json.Unmarshal(content, &got); err != nil {
			t.Errorf("%v: %s", err, content)
		}
	}
	return got
}

func sendParts(t *testing.T, a *apptest.App, key string, parts []part) decoded {
	t.Helper()
	body, kind := encodeParts(t, parts)
	return send(t, a, importPath, key, kind, strings.NewReader(body))
}

const (
	importPath   = "/v1/users/bulk-import"
	importHeader = "First Name,Last Name,Username,Email,Plan\n"
	importRow    = "Ann,Ash,ann,ann@example.com,gold\n"
)

func packed(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// repeatedRow writes a table of 60 MB of one repeated row.
func repeatedRow(w io.Writer, header string) error {
	if _, err := io.WriteString(w, header); err != nil {
		return err
	}
	block := []byte(strings.Repeat(strings.Repeat("a", 9_999)+"\n", 100))
	for range 60 {
		if _, err := w.Write(block); err != nil {
			return err
		}
	}
	return nil
}

func gzipped(t *testing.T, header string) string {
	return packed(t, func(w io.Writer) error {
		z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
		if err != nil {
			return err
		}
		if err := repeatedRow(z, header); err != nil {
			return err
		}
		return z.Close()
	})
}

func zipped(t *testing.T, header string) string {
	return packed(t, func(w io.Writer) error {
		z := zip.NewWriter(w)
		table, err := z.Create("members.csv")
		if err != nil {
			return err
		}
		if err := repeatedRow(table, header); err != nil {
			return err
		}
		return z.Close()
	})
}

// withPlan creates a community with the field Plan.
func withPlan(t *testing.T, a *apptest.App) (communityID, key string) {
	t.Helper()
	communityID = a.Community(t)
	if _, err := a.Fields.Create(t.Context(), apptest.Operator, communityID, field.Input{Field: "plan", Name: "Plan", Type: field.SingleLine}); err != nil {
		t.Fatal(err)
	}
	return communityID, a.Key(t, communityID)
}

// wantNothingLeft checks that a rejected upload has no job and no file.
func wantNothingLeft(t *testing.T, a *apptest.App, communityID, after string) {
	t.Helper()
	jobs, total, err := a.Bulk.List(t.Context(), apptest.Operator, communityID, bulk.ListFilter{Limit: 10})
	if err != nil || total != 0 {
		t.Errorf("%s: jobs %+v, %v", after, jobs, err)
	}
	left := 0
	err = a.Files.List(t.Context(), func(string, int64, time.Time) error { left++; return nil })
	unfinished, sweepErr := a.Files.Sweep(t.Context(), time.Now().Add(time.Hour))
	if err != nil || sweepErr != nil || left+unfinished > 0 {
		t.Errorf("%s: %d files and %d unfinished ones are left, %v %v", after, left, unfinished, err, sweepErr)
	}
}

func TestInvalidUploadIsRejectedWithoutTraces(t *testing.T) {
	columns := make([]string, 10_000)
	for i := range columns {
		columns[i] = fmt.Sprintf("Column %d", i)
	}
	cases := []struct {
		name   string
		parts  []part
		status int
		code   string
		fields []string
	}{
		{"an empty file", fileOf(""), 400, "empty_file", nil},
		{"blank lines", fileOf("\n\n\n"), 400, "no_header", nil},
		{"a file without a header", fileOf(importRow), 400, "invalid_header", []string{"Ann", "Ash", "ann", "ann@example.com", "gold"}},
		{"no part named data", []part{{"file", "members.csv", importHeader + importRow}}, 400, "missing_file", []string{"data"}},
		{"no part at all", nil, 400, "", nil},
		{"two files", append(fileOf(importHeader), fileOf(importHeader)...), 400, "several_files", nil},
		{"unknown and doubled headers", fileOf("Email,Nickname,First Name,first_name,Nonsense\n"), 400, "invalid_header", []string{"Nickname", "first_name", "Nonsense"}},
		{"nobody's rows", fileOf("First Name,Plan\nAnn,gold\n"), 400, "no_identifying_column", nil},
		{"10,000 columns", fileOf(strings.Join(columns, ",") + "\n"), 400, "too_many_columns", nil},
		{"a PNG named .csv", fileOf("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00"), 415, "not_text", nil},
		{"a PDF", fileOf("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), 415, "not_text", nil},
		{"a web page", fileOf("<!DOCTYPE html><html><body>no</body></html>"), 415, "not_a_table", nil},
		{"NUL bytes", fileOf(importHeader + strings.Repeat("a\x00\x00\x00,", 1000)), 415, "not_text", nil},
		{"a gzip bomb without a line", fileOf(gzipped(t, strings.Repeat("b", 11<<20))), 413, "zip_bomb", nil},
		{"a zip bomb", fileOf(zipped(t, importHeader)), 413, "zip_bomb", nil},
		{"half a gzip file", fileOf(gzipped(t, importHeader)[:15]), 400, "damaged_file", nil},
		{"half a zip file", fileOf(zipped(t, importHeader)[:200]), 400, "damaged_file", nil},
		{"a file over the limit", fileOf(importHeader + strings.Repeat(importRow, 70_000)), 413, "file_too_large", nil},
		{"wrong options", append(fileOf(importHeader), part{"mode", "", "sometimes"}, part{"dryRun", "", "perhaps"}), 400, "invalid_input", []string{"mode", "dryRun"}},
		{"a community that is none", append(fileOf(importHeader+importRow), part{"communityId", "", "000000000000000000000000"}), 403, "wrong_community", nil},
	}
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, key := withPlan(t, a)
		for _, c := range cases {
			got := sendParts(t, a, key, c.parts)
			slices.Sort(c.fields)
			named := got.fields()
			slices.Sort(named)
			if got.status != c.status || c.code != "" && got.Code != c.code || c.fields != nil && !slices.Equal(named, c.fields) {
				t.Errorf("%s: %d %s, want %d %s naming %q", c.name, got.status, got.text, c.status, c.code, c.fields)
			}
			wantNothingLeft(t, a, communityID, c.name)
		}
		body, _ := encodeParts(t, fileOf(importHeader+importRow))
		for kind, code := range map[string]string{"application/json": "not_multipart", "text/csv": "not_multipart", "multipart/form-data": "bad_multipart"} {
			if got := send(t, a, importPath, key, kind, strings.NewReader(body)); got.status/100 != 4 || got.Code != code {
				t.Errorf("%s: %d %s", kind, got.status, got.text)
			}
			wantNothingLeft(t, a, communityID, kind)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.BulkFileMiB = 2 }))
}

func TestAbortedUploadLeavesNothing(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, key := withPlan(t, a)
		address := strings.TrimPrefix(a.URL(), "http://")
		body, kind := encodeParts(t, fileOf(importHeader+strings.Repeat(importRow, 10_000)))
		for name, c := range map[string]struct {
			sent   string
			hangUp bool // close the connection instead of ending the body
		}{
			"cut in the file":             {body[:len(body)/2], true},
			"half the announced bytes":    {body[:len(body)/2], false},
			"all but the last boundary":   {body[:len(body)-10], false},
			"nothing but the form's head": {body[:100], false},
		} {
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
				importPath, address, key, kind, len(body)+1000, c.sent)
			if err != nil {
				t.Fatal(err)
			}
			if c.hangUp {
				awaitUnfinished(t, a, 1)
			} else {
				if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
					t.Fatal(err)
				}
				answer, err := io.ReadAll(conn)
				if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || !strings.Contains(string(answer), "upload_truncated") {
					t.Errorf("%s: %s, %v", name, answer, err)
				}
			}
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}
			awaitUnfinished(t, a, 0)
			wantNothingLeft(t, a, communityID, name)
		}
	})
}

// awaitUnfinished waits until n uploads are in progress.
func awaitUnfinished(t *testing.T, a *apptest.App, n int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(apptest.Timeout)
	for {
		found, err := os.ReadDir(filepath.Join(a.Config().Data, "files", "unfinished"))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == n {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%d files are being written, want %d", len(found), n)
		}
	}
}

func TestInvalidRowsFailAndOthersAreImported(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, key := withPlan(t, a)
		first := a.Import(t, communityID, key, importHeader+importRow+"Bob,Birch,bob,bob@example.com,silver\n", nil)
		if first.Counts.Created != 2 {
			t.Fatalf("%+v", first)
		}
		done := a.Import(t, communityID, key, importHeader+
			"Eve,Elm,bob,ann@example.com,gold\n"+ // 2: the email of one person, the username of another
			"Eve,Elm,ann@example.com,eve@example.com,gold\n"+ // 3: an email as a username
			"Eve,E\x00lm,eve,eve@example.com,gold\n"+ // 4
			"=cmd(),Elm,,nobody,\"=cmd('x')\"\n"+ // 5
			"Fay,Fir,fay,fay@example.com,=cmd()\n", nil) // 6
		codes := map[int]string{}
		rows, _, err := a.Bulk.Details(t.Context(), apptest.Operator, communityID, done.JobID, bulk.DetailFilter{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			codes[row.Line] = row.Outcome
			for _, problem := range row.Errors {
				codes[row.Line] += " " + problem.Code
			}
		}
		for line, want := range map[int]string{2: "failed identity_conflict", 3: "failed invalid_username", 4: "failed bad_encoding", 5: "failed invalid_email", 6: "created"} {
			if codes[line] != want {
				t.Errorf("line %d: %q, want %q", line, codes[line], want)
			}
		}
		_, info := a.Do(t, http.MethodPost, "/v1/users/info", key, map[string]string{"idOrEmail": "fay@example.com"})
		if !strings.Contains(fmt.Sprint(info["data"]), "plan:=cmd()") {
			t.Errorf("the cell was not kept as it is: %v", info)
		}
		failed := send(t, a, "/v1/users/bulk-update/"+done.JobID+"/failed.csv", key, "", http.NoBody)
		if !strings.Contains(failed.text, "'=cmd(),Elm,,nobody,'=cmd('x'),5,") {
			t.Errorf("a formula is not made harmless:\n%s", failed.text)
		}
	})
}

func TestSameFileTwiceConcurrentlyCreatesMembersOnce(t *testing.T) {
	const n = 6_000
	var file strings.Builder
	file.WriteString(importHeader)
	for i := range n {
		fmt.Fprintf(&file, "First%d,Last%d,user%d,user%d@example.com,gold\n", i, i, i, i)
	}
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, key := withPlan(t, a)
		var both sync.WaitGroup
		var done [2]bulk.Status
		for i := range done {
			both.Go(func() { done[i] = a.Import(t, communityID, key, file.String(), nil) })
		}
		both.Wait()
		one, other := done[0].Counts, done[1].Counts
		if one.Created+other.Created != n || one.Unchanged+other.Unchanged != n || done[0].JobID == done[1].JobID {
			t.Errorf("%+v and %+v", done[0], done[1])
		}
		if members, err := a.Members.Count(t.Context(), apptest.Operator, communityID); members != n || err != nil {
			t.Errorf("%d members, %v", members, err)
		}
	}, apptest.WithConfig(func(c *apptest.Config) { c.BulkBatchRows = 500 }))
}

func TestConcurrentRequestsWithSameKeyCreateOneJob(t *testing.T) {
	body, kind := encodeParts(t, fileOf(importHeader+importRow))
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, key := withPlan(t, a)
		var all sync.WaitGroup
		got := make([]decoded, 8)
		for i := range got {
			all.Go(func() { got[i] = send(t, a, importPath, key, kind, strings.NewReader(body), "Idempotency-Key", "one") })
		}
		all.Wait()
		last := send(t, a, importPath, key, kind, strings.NewReader(body), "Idempotency-Key", "one")
		if last.status != http.StatusOK {
			t.Errorf("afterwards: %d %s", last.status, last.text)
		}
		for _, g := range got {
			if g.Code != "in_progress" && (g.status != http.StatusOK || g.Data.JobID != last.Data.JobID) {
				t.Errorf("%d %s, want job %s", g.status, g.text, last.Data.JobID)
			}
		}
		a.Await(t, communityID, last.Data.JobID)
		if _, total, err := a.Bulk.List(t.Context(), apptest.Operator, communityID, bulk.ListFilter{Limit: 10}); total != 1 || err != nil {
			t.Errorf("%d jobs, %v", total, err)
		}
		files := 0
		if err := a.Files.List(t.Context(), func(string, int64, time.Time) error { files++; return nil }); files != 1 || err != nil {
			t.Errorf("%d files are kept for one job, %v", files, err)
		}
		other, kind := encodeParts(t, fileOf(importHeader))
		if g := send(t, a, importPath, key, kind, strings.NewReader(other), "Idempotency-Key", "one"); g.status != http.StatusConflict || g.Code != "idempotency_mismatch" {
			t.Errorf("the key with another file: %d %s", g.status, g.text)
		}
	})
}

func TestFormPartsInAnyOrderAndQuoted(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, key := withPlan(t, a)
		data, place := part{"data", "members.csv", importHeader + importRow}, part{"communityId", "", communityID}
		quoted := part{"communityId", "", `"` + communityID + `"`}
		for name, parts := range map[string][]part{
			"the file last": {place, data}, "the file first": {data, place}, "nothing but the file": {data},
			"the community in quotes": {data, quoted}, "unknown parts": {{"x", "", "1"}, data, {"y", "z.png", "\x89PNG"}, place},
			"a dry run last": {data, place, {"dryRun", "", "true"}},
		} {
			got := sendParts(t, a, key, parts)
			if got.status != http.StatusOK {
				t.Errorf("%s: %d %s", name, got.status, got.text)
				continue
			}
			if done := a.Await(t, communityID, got.Data.JobID); done.Status != bulk.Completed {
				t.Errorf("%s: %+v", name, done)
			}
		}
	})
}

// TestHugeFormFieldIsRejectedWithoutMemory streams a form field of 100 MB.
func TestHugeFormFieldIsRejectedWithoutMemory(t *testing.T) {
	const size = 100 << 20
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		communityID, key := withPlan(t, a)
		for name, quote := range map[string]string{"bare": "", "quoted": `"`} {
			runtime.GC()
			stop := watchHeap()
			head := "--b\r\nContent-Disposition: form-data; name=\"data\"; filename=\"a.csv\"\r\n\r\n" + importHeader + "Eve,Elm,eve,eve@example.com," + quote
			body := io.MultiReader(strings.NewReader(head), io.LimitReader(letters{}, size), strings.NewReader(quote+"\n"+importRow+"\r\n--b--\r\n"))
			got := send(t, a, importPath, key, "multipart/form-data; boundary=b", body)
			if got.status != http.StatusOK {
				t.Fatalf("%s: %d %s", name, got.status, got.text)
			}
			done := a.Await(t, communityID, got.Data.JobID)
			if grown := stop(); grown > size/2 {
				t.Errorf("%s: a field of %d MiB made the heap grow by %d MiB", name, size>>20, grown>>20)
			}
			if done.Status != bulk.CompletedWithErrors || done.Counts.Failed != 1 || done.Counts.Created+done.Counts.Unchanged != 1 {
				t.Errorf("%s: %+v", name, done)
			}
		}
	})
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// watchHeap samples the heap until it is stopped and returns its growth.
func watchHeap() (stop func() (growth uint64)) {
	read := func() uint64 {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapInuse
	}
	ctx, cancel := context.WithCancel(context.Background())
	start, most := read(), make(chan uint64)
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		top := start
		for ctx.Err() == nil {
			top = max(top, read())
			<-tick.C
		}
		most <- top
	}()
	return func() uint64 {
		cancel()
		return <-most - start
	}
}
