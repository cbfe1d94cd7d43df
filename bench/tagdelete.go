//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// tagRemoval has the results of deleting a tag of every member.
type tagRemoval struct {
	engine  string
	members int
	answer  time.Duration // of the DELETE
	whole   time.Duration // until the tag is removed from all members
	writes  *calls        // small writes meanwhile
}

// tagWriteEvery keeps the small writes below the limit of tags of a community.
const tagWriteEvery = 100 * time.Millisecond

// tagRemovals measures the deletion of a tag on each engine.
func (b *bench) tagRemovals(ctx context.Context, members int) ([]*tagRemoval, error) {
	path := filepath.Join(b.folder, "tagged.csv")
	if err := writeTagged(path, members); err != nil {
		return nil, err
	}
	var list []*tagRemoval
	for _, engine := range b.engines {
		t := &tagRemoval{engine: engine, members: members, writes: &calls{engine: engine, what: "POST a tag"}}
		if err := b.serve(ctx, engine, func(v *server) error { return b.removeTag(ctx, v, path, t) }); err != nil {
			return nil, fmt.Errorf("deletion of a tag on %s: %w", engine, err)
		}
		b.logf("%s, a tag of %d members deleted: %s in all, longest write %s", engine, members, seconds(t.whole), quantile(t.writes.durations, 1))
		list = append(list, t)
	}
	return list, os.Remove(path)
}

// writeTagged writes a file of members with the first of tags.
func writeTagged(path string, members int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	fmt.Fprintln(out, "First Name,Last Name,Username,Email,Tag")
	for i := range members {
		fmt.Fprintf(out, "First,Last,tagged%d,tagged%d@example.com,%s\n", i, i, tags[0])
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Close()
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
	writing, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		pace(writing, tagWriteEvery, func() { b.write(ctx, v, 0, t.writes) })
	}()
	began := b.clock.Now()
	err = v.must(ctx, http.MethodDelete, address, nil, nil)
	t.answer = b.clock.Now().Sub(began)
	if err == nil {
		err = v.idle(ctx)
	}
	t.whole = b.clock.Now().Sub(began)
	stop()
	<-ended
	return err
}

var waitingJobs = regexp.MustCompile(`(?m)^regulars_jobs\{state="(?:waiting|queued|running)"\} [1-9]`)

// idle waits until the server has no jobs.
func (v *server) idle(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
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
		rows = append(rows, fmt.Sprintf("%s|%d|%s|%s|%d|%s|%s|%s|%d", t.engine, t.members, seconds(t.answer), seconds(t.whole), len(took), median(took), quantile(took, 0.99), quantile(took, 1), t.writes.refused))
	}
	return printTable(b.out, "engine|members with the tag|answer|tag removed|small writes meanwhile|median|p99|longest|refused", rows)
}
