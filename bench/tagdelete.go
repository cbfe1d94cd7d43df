//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// tagRemoval has the results of deleting a tag of every member, or of merging it
// into another one.
type tagRemoval struct {
	engine  string
	members int
	merge   bool
	answer  time.Duration // of the request
	whole   time.Duration // until the tag is removed from all members
	peak    int           // MB, of the server from the request on
	writes  *calls        // small writes meanwhile
}

func (t *tagRemoval) title() string {
	if t.merge {
		return "merged"
	}
	return "deleted"
}

// tagWriteEvery keeps the small writes below the limit of tags of a community.
const tagWriteEvery = 100 * time.Millisecond

// tagRemovals measures the deletion or the merge of a tag on each engine.
func (b *bench) tagRemovals(ctx context.Context, members int, merge bool) ([]*tagRemoval, error) {
	path := filepath.Join(b.folder, "tagged.csv")
	if err := writeTagged(path, members); err != nil {
		return nil, err
	}
	var list []*tagRemoval
	for _, engine := range b.engines {
		t := &tagRemoval{engine: engine, members: members, merge: merge, writes: &calls{engine: engine, what: "POST a tag"}}
		if err := b.serve(ctx, engine, func(v *server) error { return b.removeTag(ctx, v, path, t) }); err != nil {
			return nil, fmt.Errorf("a tag that is %s on %s: %w", t.title(), engine, err)
		}
		b.logf("%s, a tag of %d members %s: %s in all, longest write %s", engine, members, t.title(), seconds(t.whole), quantile(t.writes.durations, 1))
		list = append(list, t)
	}
	return list, os.Remove(path)
}

// writeTagged writes a file of members with the first of tags.
func writeTagged(path string, members int) error {
	return writeRows(path, "First Name,Last Name,Username,Email,Tag", members, func(out io.Writer, i int) {
		fmt.Fprintf(out, "First,Last,tagged%d,tagged%d@example.com,%s\n", i, i, tags[0])
	})
}

func (b *bench) removeTag(ctx context.Context, v *server, path string, t *tagRemoval) error {
	v.client = &http.Client{} // no timeout: slow writes are measured, not aborted
	u, err := b.post(ctx, v, path)
	if err != nil {
		return err
	}
	if _, _, err := b.finish(ctx, v, u.job, func(progress) {}); err != nil {
		return err
	}
	var known []struct {
		ID   string `json:"_id"`
		Name string `json:"name"`
	}
	address := "/v1/communities/" + v.community + "/tags"
	if err := v.must(ctx, http.MethodGet, address, nil, &known); err != nil {
		return err
	}
	for _, one := range known {
		if one.Name == tags[0] {
			address += "/" + one.ID
		}
	}
	if err := v.resetPeak(); err != nil {
		return err
	}
	writing, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		pace(writing, tagWriteEvery, func() { b.write(ctx, v, 0, t.writes) })
	}()
	began := b.clock.Now()
	if t.merge {
		err = v.must(ctx, http.MethodPut, address, map[string]any{"name": tags[1], "merge": true}, nil)
	} else {
		err = v.must(ctx, http.MethodDelete, address, nil, nil)
	}
	t.answer = b.clock.Now().Sub(began)
	if err == nil {
		err = v.idle(ctx, 100*time.Millisecond)
	}
	t.whole = b.clock.Now().Sub(began)
	stop()
	<-ended
	if err != nil {
		return err
	}
	t.peak, err = v.peak()
	return err
}

var waitingJobs = regexp.MustCompile(`(?m)^regulars_jobs\{state="(?:waiting|queued|running)"\} [1-9]`)

// idle waits until the server has no jobs. It asks the server at an interval.
func (v *server) idle(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+v.address+"/metrics", http.NoBody)
		if err != nil {
			return err
		}
		resp, err := v.client.Do(req)
		if err != nil {
			return err
		}
		var text strings.Builder
		_, err = bufio.NewReader(resp.Body).WriteTo(&text)
		_ = resp.Body.Close()
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK || !strings.Contains(text.String(), "regulars_jobs{") {
			return fmt.Errorf("GET /metrics: %d without regulars_jobs", resp.StatusCode)
		}
		if !waitingJobs.MatchString(text.String()) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *bench) reportTagRemovals(list []*tagRemoval) error {
	var rows []string
	for _, t := range list {
		took := t.writes.durations
		rows = append(rows, fmt.Sprintf("%s|%d|%s|%s|%s|%d MB|%d|%s|%s|%s|%d", t.engine, t.members, t.title(), seconds(t.answer), seconds(t.whole), t.peak, len(took), median(took), quantile(took, 0.99), quantile(took, 1), t.writes.refused))
	}
	return printTable(b.out, "engine|members with the tag|tag|answer|tag removed|peak memory|small writes meanwhile|median|p99|longest|refused", rows)
}
