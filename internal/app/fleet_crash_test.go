package app_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/mail/mailtest"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/sqldb"
)

// TestThreeNodesWithOneBucket kills nodes at random while they work on jobs of one
// another. The result is the one of a single node without kills.
func TestThreeNodesWithOneBucket(t *testing.T) {
	t.Parallel()
	f := startFleet(t)
	if f == nil {
		return
	}
	chance := newGenerator(2)
	first, second := chance.seedFile(t, 2_000), chance.mixedFile(t, 20_000)

	calm := newNode(t, sqldb.Postgres)
	calm.await(calm.upload(first, "one").jobID)
	calmJob := calm.upload(second, "two").jobID
	calm.await(calmJob)
	calm.Stop()

	nodes := f.nodes
	nodes[0].await(nodes[0].upload(first, "one").jobID)
	if status := nodes[1].readiness(); status != 200 {
		t.Errorf("readyz with three nodes and one bucket: %d", status)
	}
	jobID := nodes[1].upload(second, "two").jobID
	for kill := range 8 {
		rows := int64(kill+1) * 2_000
		nodes[(kill+1)%3].watch(jobID, func(s bulk.Status) bool { return s.Finished() || s.Counts.Read >= rows })
		f.restart(nodes[kill%3])
	}
	nodes[2].await(jobID)
	f.stop()
	compareStates(t, stateOf(t, nodes[0].config, nodes[0].community, jobID), stateOf(t, calm.config, calm.community, calmJob))
}

// TestUndoOnThreeNodesEndsLikeUninterruptedOne kills the node that undoes an import,
// and others at random.
func TestUndoOnThreeNodesEndsLikeUninterruptedOne(t *testing.T) {
	t.Parallel()
	const pieces = "REGULARS_BULK_PIECE_ROWS=100"
	f := startFleet(t, pieces)
	if f == nil {
		return
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := newGenerator(seed)
	first, second := chance.seedFile(t, undoRows/6), chance.mixedFile(t, undoRows)

	calm := newNode(t, sqldb.Postgres, pieces)
	jobIDs := calm.beginUndo(first, second)
	calm.await(jobIDs[1])
	calm.Stop()
	want := stateOf(t, calm.config, calm.community, jobIDs...)

	jobIDs = f.nodes[0].beginUndo(first, second)
	for kill := range 6 {
		watcher, rows := f.nodes[kill%3], int64(kill)*undoRows/10
		if watcher.watch(jobIDs[1], func(s bulk.Status) bool { return s.Finished() || s.Counts.Read >= rows }).Finished() {
			break
		}
		f.nodes[0].spare(jobIDs[1])
		if kill%2 == 0 {
			f.killHolder("bulk.run", "")
		} else {
			f.restart(f.nodes[chance.IntN(3)])
		}
	}
	f.nodes[1].await(jobIDs[1])
	f.stop()
	if f.kills == 0 || f.slowest == 0 {
		t.Error("the test is too tame")
	}
	compareStates(t, stateOf(t, f.nodes[0].config, f.nodes[0].community, jobIDs...), want)
}

// TestExportsOfKilledNodesAreRepeatedElsewhere kills the node of a download after its
// first bytes. The client notices, and another node sends the same bytes as before.
func TestExportsOfKilledNodesAreRepeatedElsewhere(t *testing.T) {
	t.Parallel()
	f := startFleet(t)
	if f == nil {
		return
	}
	session := f.owner("olivia")
	var file bytes.Buffer
	file.WriteString("First Name,Last Name,Username,Email,Notes\n")
	notes := strings.Repeat("note ", 100)
	for i := range bucketRows {
		fmt.Fprintf(&file, "Ann,Ash,user%[1]d,user%[1]d%[2]s,%[3]s\n", i, []string{"@example.com", " wrong"}[i%2], notes)
	}
	jobID := f.nodes[0].upload(file.Bytes(), "one").jobID
	f.nodes[0].await(jobID)
	home := "/c/" + f.nodes[0].community
	for i, path := range []string{home + "/members/export.csv?q=user", home + "/bulk-jobs/" + jobID + "/failed.csv"} {
		victim, other := visitor{f.nodes[i], session}, visitor{f.nodes[i+1], session}
		want, err := other.download(path, func() {})
		if err != nil || len(want) < bucketRows/2*len(notes) {
			t.Fatalf("%s: %d bytes, %v", path, len(want), err)
		}
		part, err := victim.download(path, victim.Kill)
		if err == nil || len(part) >= len(want) {
			t.Errorf("%s of a killed node seems complete: %d of %d bytes, %v", path, len(part), len(want), err)
		}
		again, err := other.download(path, func() {})
		if err != nil || !bytes.Equal(again, want) {
			t.Errorf("%s of another node: %d of %d bytes, %v", path, len(again), len(want), err)
		}
		victim.Restart()
		f.kills++
		if again, err = victim.download(path, func() {}); err != nil || !bytes.Equal(again, want) {
			t.Errorf("%s after the start: %d of %d bytes, %v", path, len(again), len(want), err)
		}
	}
	f.stop()
}

var messageID = regexp.MustCompile(`(?m)^Message-ID: <([0-9a-f]{24})@`)

// TestMailsOfKilledNodesArrive kills nodes before, during and after the delivery of
// mails about jobs. Only a mail whose node is killed between the acceptance by the mail
// server and the next commit arrives twice, with the same Message-ID.
func TestMailsOfKilledNodesArrive(t *testing.T) {
	t.Parallel()
	postbox := mailtest.Start(t)
	const duringMAIL, afterDATA, mails = 2, 3, 5
	reached, continued := make(chan string), make(chan struct{})
	var mutex sync.Mutex
	seen := map[string]int{} // by Message-ID
	var first, twice string
	kill := func(argument string) {
		select {
		case reached <- argument:
		case <-t.Context().Done():
			return
		}
		select {
		case <-continued:
		case <-t.Context().Done():
		}
	}
	postbox.Reply = func(attempt int) string {
		if attempt == duringMAIL {
			kill("")
		}
		return ""
	}
	postbox.Accepted = func(m mailtest.Message) {
		id := messageID.FindStringSubmatch(m.Data)
		if id == nil {
			t.Errorf("no Message-ID: %s", m.Data)
			return
		}
		mutex.Lock()
		seen[id[1]]++
		if len(seen) == 1 {
			first = id[1]
		}
		again := len(seen) == afterDATA && seen[id[1]] == 1
		if again {
			twice = id[1]
		}
		mutex.Unlock()
		if again {
			kill(id[1])
		}
	}
	f := startFleet(t, "REGULARS_SMTP_URL=smtp://"+postbox.Address()+"?tls=off", "REGULARS_MAIL_FROM=club@example.com")
	if f == nil {
		return
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 2 {
			select {
			case argument := <-reached:
				f.killHolder("mail.send", argument)
			case <-t.Context().Done():
				return
			}
			select {
			case continued <- struct{}{}:
			case <-t.Context().Done():
				return
			}
		}
	}()
	for i := range mails {
		n := *f.nodes[i%3]
		n.key = f.owner("olivia" + strconv.Itoa(i))
		f.notified(&n, i)
	}
	<-ended
	f.stop()
	for id, count := range seen {
		want := map[bool]int{true: 2, false: 1}[id == twice]
		if killed := id == first && count == 2; count != want && !killed { // the first node is killed at any moment
			t.Errorf("the mail %s arrived %d times, want %d", id, count, want)
		}
	}
	if len(seen) != mails || f.kills < 3 {
		t.Errorf("%d mails and %d kills", len(seen), f.kills)
	}
}

// notified imports a member and waits until the owner of the key has a mail about it.
// The node of the first upload is killed right after its answer.
func (f *fleet) notified(n *node, number int) {
	f.t.Helper()
	file := fmt.Appendf(nil, "Email,Username,First Name,Last Name\nann%[1]d@example.com,ann%[1]d,Ann,Ash\n", number)
	got := n.send(f.t.Context(), n.formWith(file, map[string]string{"notify": "true", "communityId": n.community}), strconv.Itoa(number))
	if got.status != 200 {
		f.t.Fatalf("%+v", got)
	}
	if number == 0 {
		f.restart(f.nodes[0])
	}
	poll(f.t, "the mail", func() bool {
		sent, err := sqldb.One(f.t.Context(), f.db, "count", sqldb.Value[int], "SELECT count(*) FROM mail_outbox WHERE state = 'sent'")
		if err != nil {
			f.t.Fatal(err)
		}
		return sent > number
	})
}

// sweepArgs are the arguments of the hourly sweep.
type sweepArgs struct{}

func (sweepArgs) Kind() string { return "app.sweep" }

// TestSweepsOfKilledNodesDeleteUnusedFilesOnly kills the node that sweeps twice.
func TestSweepsOfKilledNodesDeleteUnusedFilesOnly(t *testing.T) {
	t.Parallel()
	f := startFleet(t)
	if f == nil {
		return
	}
	bucket := openFiles(t, f.nodes[0].config)
	f.withApp(func(a *apptest.App) error {
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 9, 9))); err != nil {
			return err
		}
		logo, err := a.Pictures.Create(t.Context(), media.Input{CommunityID: f.nodes[0].community, Kind: media.Logo, File: &picture})
		if err != nil {
			return err
		}
		return a.DB.Tx(t.Context(), func(tx *sqldb.Tx) error { return media.Insert(t.Context(), tx, logo) })
	})
	for i := range 3 {
		f.nodes[i].await(f.nodes[i].upload(newGenerator(uint64(i)).seedFile(t, 20), strconv.Itoa(i)).jobID)
	}
	used := fileIDs(t, bucket)
	const unused = 600
	old := f.put(bucket, strings.Repeat("x", 9<<20))
	for range unused {
		f.put(bucket, "unused").mustCommit(t)
	}
	f.files.Age(48 * time.Hour)
	young, fresh := f.put(bucket, "young"), f.put(bucket, strings.Repeat("x", 9<<20))
	young.mustCommit(t)
	used = append(used, young.ID())

	err := f.db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		_, err := jobs.Insert(t.Context(), tx, sweepArgs{}, jobs.Options{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range []int{unused * 5 / 6, unused / 2} {
		poll(t, "the sweep", func() bool { return len(fileIDs(t, bucket)) <= left+len(used) })
		f.killHolder("app.sweep", "")
	}
	poll(t, "the end of the sweep", func() bool { return len(f.unfinished("app.sweep", "")) == 0 })
	f.stop()
	if got := fileIDs(t, bucket); !slices.Equal(got, used) || f.kills == 0 {
		t.Errorf("%d kills; %d files are left, want %d", f.kills, len(got), len(used))
	}
	if removed, err := bucket.Sweep(t.Context(), time.Now().Add(time.Hour)); removed != 1 || err != nil {
		t.Errorf("%d unfinished files are left, %v; want the young one", removed, err)
	}
	old.Abort()
	fresh.Abort()
}

// written is a file that is not committed yet.
type written struct{ blob.Writer }

func (w written) mustCommit(t *testing.T) {
	t.Helper()
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

// put writes a file without its commit.
func (f *fleet) put(files blob.Store, content string) written {
	f.t.Helper()
	w, err := files.Create(context.WithoutCancel(f.t.Context()))
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return written{w}
}
