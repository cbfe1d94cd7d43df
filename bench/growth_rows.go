//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"

	"github.com/regulars/regulars/bench/result"
)

// firstNewPerson is the first person in the files of this part. The community has
// others.
const firstNewPerson = 3_000_000_000

// settledFrom is the number of rows from which pending writes of earlier steps matter.
const settledFrom = 1_000

// rowFiles are the files of one size.
type rowFiles struct{ community, fresh, changed, failing loadFile }

// rowTimes collects the times of one operation over the rounds.
type rowTimes struct {
	what, floorOf string
	ours, floor   []float64
}

// rowPart measures files of one size on one engine.
type rowPart struct {
	*growth
	engine string
	files  rowFiles
	times  []*rowTimes
}

// The operations on a file, and the work of their floors.
const (
	importNew     = "Import new members"
	importKnown   = "Import known members, a third changed"
	dryRunNew     = "Dry run"
	exportAll     = "Export all members as CSV"
	undoImport    = "Undo of the second import"
	uploadColumns = "Upload to the page of the columns"
	importFailing = "Import rows that all fail"
	downloadFail  = "Download of the failed rows"

	shellMerges  = "the database's shell merges the file"
	shellExports = "the database's shell writes the members"
	readsFile    = "all cells of the file are read"
)

// measureRows measures files of some rows in a community of a fixed size.
func (g *growth) measureRows(ctx context.Context, engine string, rows int) (err error) {
	p := &rowPart{growth: g, engine: engine}
	if p.files, err = g.writeRowFiles(rows); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, os.Remove(p.files.community.path), os.Remove(p.files.fresh.path), os.Remove(p.files.changed.path), os.Remove(p.files.failing.path))
	}()
	defer func() {
		for _, t := range p.times {
			if len(t.ours) > 0 {
				g.add(result.Measurement{Operation: t.what, Part: result.Rows, Engine: engine, Rows: rows, Members: g.opts.community, Runs: t.ours, FloorOf: t.floorOf}, t.floor)
			}
		}
	}()
	rounds := g.rounds
	if rows >= onceFrom {
		rounds = 1
	}
	for range rounds {
		if err := p.measureFloors(ctx); err != nil {
			return fmt.Errorf("floor: %w", err)
		}
		if err := g.serve(ctx, engine, func(v *server) error { return p.measureOurs(ctx, v) }); err != nil {
			return err
		}
	}
	return nil
}

func (g *growth) writeRowFiles(rows int) (f rowFiles, err error) {
	file := func(name string, n, first int, changed, failing bool) loadFile {
		f := loadFile{path: filepath.Join(g.folderOf("rows"), name), rows: n, changed: changed}
		p := newGenerator(changed)
		p.first, p.failing = first, failing
		err = errors.Join(err, writeFile(f.path, n, math.MaxInt64, p, n))
		return f
	}
	f.community = file("community.csv", g.opts.community, 0, false, false)
	f.fresh = file("fresh.csv", rows, firstNewPerson, false, false)
	f.changed = file("changed.csv", rows, firstNewPerson, true, false)
	f.failing = file("failing.csv", rows, firstNewPerson, false, true)
	f.fresh.onto, f.changed.onto = g.opts.community, g.opts.community
	return f, err
}

// of returns the times of an operation.
func (p *rowPart) of(what string) *rowTimes {
	for _, t := range p.times {
		if t.what == what {
			return t
		}
	}
	t := &rowTimes{what: what}
	p.times = append(p.times, t)
	return t
}

// timed returns the time of do in seconds.
func (p *rowPart) timed(ctx context.Context, do func() error) (float64, error) {
	if p.files.fresh.rows >= settledFrom {
		if err := p.settle(ctx, p.engine); err != nil {
			return 0, err
		}
	}
	began := p.clock.Now()
	err := do()
	return p.clock.Now().Sub(began).Seconds(), err
}

// measureFloors runs the floors in a new database.
func (p *rowPart) measureFloors(ctx context.Context) (err error) {
	s, err := p.newStore(ctx, p.engine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.drop(ctx, s)) }()
	if _, err := p.floor(ctx, s, p.files.community); err != nil {
		return err
	}
	merge := func(f loadFile) func() error {
		return func() error { _, err := p.floor(ctx, s, f); return err }
	}
	for _, step := range []struct {
		floorOf    string
		do         func() error
		operations []string
	}{
		{readsFile, func() error { return readAlone(p.files.fresh.path) }, []string{uploadColumns, importFailing, downloadFail}},
		{shellMerges, merge(p.files.fresh), []string{dryRunNew, importNew}},
		{shellMerges, merge(p.files.changed), []string{importKnown}},
		{shellExports, func() error { return s.export(ctx) }, []string{exportAll}},
	} {
		took, err := p.timed(ctx, step.do)
		if err != nil {
			return err
		}
		for _, what := range step.operations {
			t := p.of(what)
			t.floorOf, t.floor = step.floorOf, append(t.floor, took)
		}
	}
	return nil
}

// export writes the members of a floor's database as CSV with its shell.
func (s store) export(ctx context.Context) error {
	path := filepath.Join(s.folder, "floor.csv")
	script := ".mode csv\n.headers on\n.output " + path + "\n" + exportFloor + ";\n"
	if s.engine == postgres {
		script = `\copy (` + exportFloor + `) to '` + path + `' with (format csv, header true)` + "\n"
	}
	_, _, err := s.shell(ctx, script)
	return errors.Join(err, os.Remove(path))
}

const exportFloor = "SELECT a.email, a.username, m.first_name, m.last_name, m.phone, m.country, m.language, m.tags, m.fields FROM members m JOIN accounts a ON a.id = m.account_id ORDER BY m.account_id"

// measureOurs runs the operations on a new server.
func (p *rowPart) measureOurs(ctx context.Context, v *server) error {
	v.client.Timeout = 0 // large exports need longer
	if _, err := p.load(ctx, p.engine, v, p.files.community); err != nil {
		return fmt.Errorf("the community: %w", err)
	}
	person, err := p.signIn(ctx, v)
	if err != nil {
		return err
	}
	var second, failing string // jobs
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{uploadColumns, func() error { _, _, err := person.drop(ctx, p.files.fresh.path); return err }},
		{dryRunNew, func() error {
			v.form = map[string]string{"dryRun": "true"}
			defer func() { v.form = nil }()
			_, err := p.load(ctx, p.engine, v, p.files.fresh)
			return err
		}},
		{importNew, func() error { _, err := p.load(ctx, p.engine, v, p.files.fresh); return err }},
		{importKnown, func() (err error) { second, err = p.upload(ctx, v, p.files.changed.path); return err }},
		{exportAll, func() error { return person.download(ctx, "/c/"+v.community+"/members/export.csv") }},
		{undoImport, func() error { return p.undo(ctx, v, second) }},
		{importFailing, func() (err error) { failing, err = p.upload(ctx, v, p.files.failing.path); return err }},
		{downloadFail, func() error { return v.download(ctx, "/v1/users/bulk-update/"+failing+"/failed.csv") }},
	} {
		took, err := p.timed(ctx, step.do)
		if err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		t := p.of(step.what)
		t.ours = append(t.ours, took)
	}
	return nil
}

// upload sends a file and waits until its job has ended, with or without errors in rows.
func (b *bench) upload(ctx context.Context, v *server, path string) (job string, err error) {
	u, err := b.post(ctx, v, path)
	if err != nil {
		return "", err
	}
	_, _, err = b.finish(ctx, v, u.job, nil)
	return u.job, err
}

// undo reverts a job and waits for the end.
func (b *bench) undo(ctx context.Context, v *server, job string) error {
	var started struct{ JobID string }
	if err := v.must(ctx, http.MethodPost, "/v1/users/bulk-update/"+job+"/undo", map[string]any{}, &started); err != nil {
		return err
	}
	_, _, err := b.finish(ctx, v, started.JobID, nil)
	return err
}

// download reads a file from the API.
func (v *server) download(ctx context.Context, path string) error {
	return discard(ctx, v, path, "Authorization", "Bearer "+v.key)
}

// download reads a page or a file of the console.
func (p *visitor) download(ctx context.Context, path string) error {
	return discard(ctx, p.server, path, "Cookie", "regulars="+p.cookie)
}

// discard reads a response without a copy in memory.
func discard(ctx context.Context, v *server, path, header, value string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+v.address+path, http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set(header, value)
	client := *v.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500)) // for the message
		return fmt.Errorf("GET %s: %s: %s", path, response.Status, text)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// folderOf returns a folder for the files of a part, creating it if necessary.
func (g *growth) folderOf(part string) string {
	folder := filepath.Join(g.folder, part)
	_ = os.MkdirAll(folder, 0o755) // writing a file fails otherwise
	return folder
}
