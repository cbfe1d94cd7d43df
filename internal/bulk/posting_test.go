package bulk_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/bulk"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/sqldb"
)

const three = "Email,Username,First Name,Last Name\nada@example.com,ada,Ada,A\nben@example.com,ben,Ben,B\ncleo@example.com,cleo,Cleo,C\n"

// post posts one entry of a member, not through a file.
func (f *fixture) post(username string, unit ledger.Unit, amount int64) {
	f.Helper()
	f.ok(f.db.Tx(f.Context(), func(tx *sqldb.Tx) error {
		_, err := f.ledger.PostOne(f.Context(), tx, f.community, ledger.Post{UserID: f.member(username).ID, Unit: unit, Amount: amount, Source: ledger.Source{Type: ledger.FromAPI}})
		return err
	}))
}

// balances are the posted amounts of a member: XP, coins, premium.
func (f *fixture) balances(username string) string {
	f.Helper()
	now := time.Now().Add(f.late).UnixMilli()
	all, err := ledger.Balances(f.Context(), f.db, f.community, f.member(username).ID, now, now)
	f.ok(err)
	return fmt.Sprint(all[ledger.XP].Posted, all[ledger.Coins].Posted, all[ledger.Premium].Posted)
}

func (f *fixture) wantBalances(username, want string) {
	f.Helper()
	if got := f.balances(username); got != want {
		f.Errorf("%s has %s, want %s", username, got, want)
	}
}

// wantSums checks that each balance is the sum of its entries and of its lots, and returns
// the number of entries.
func (f *fixture) wantSums() (entries int64) {
	f.Helper()
	wrong, err := sqldb.One(f.Context(), f.db, "sum", sqldb.Value[int64], `SELECT COUNT(*) FROM ledger_balances b WHERE
		posted <> (SELECT COALESCE(SUM(amount), 0) FROM ledger_entries e WHERE e.community_id = b.community_id AND e.holder = b.holder AND e.unit = b.unit)
		OR posted <> (SELECT COALESCE(SUM(remaining), 0) FROM ledger_lots l WHERE l.community_id = b.community_id AND l.holder = b.holder AND l.unit = b.unit)
		OR posted <> COALESCE((SELECT balance_after FROM ledger_entries e WHERE e.community_id = b.community_id AND e.id = b.last_id), 0)`)
	f.ok(err)
	if wrong > 0 {
		f.Errorf("%d balances differ from their sums", wrong)
	}
	entries, err = sqldb.One(f.Context(), f.db, "count", sqldb.Value[int64], "SELECT COUNT(*) FROM ledger_entries")
	f.ok(err)
	return entries
}

// changes are the changes of a job by line.
func (f *fixture) changeTexts(s bulk.Status) string {
	f.Helper()
	var lines []string
	for _, d := range f.details(s, bulk.DetailFilter{}) {
		text, err := json.Marshal(d.Changes)
		f.ok(err)
		for _, p := range d.Errors {
			text = append(text, fmt.Sprintf(" %s:%s:%s", p.Column, p.Code, p.Value)...)
		}
		lines = append(lines, fmt.Sprintf("%d %s %s", d.Line, d.Outcome, text))
	}
	return strings.Join(lines, "\n")
}

func (f *fixture) wantText(got, want string) {
	f.Helper()
	if strings.TrimSpace(got) != strings.TrimSpace(want) {
		f.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestUpdatePostsXPAndCoins(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, three, bulk.Options{})
		f.post("ada", ledger.Coins, 100)
		f.post("cleo", ledger.XP, 40)
		file := "Email,xp,xp_op,coins,coins_op,Plan\n" +
			"ada@example.com,10,add,30,subtract,a\n" + // 2
			"ben@example.com,,,1,subtract,b\n" + // 3: insufficient
			"ada@example.com,5,overwrite,,,\n" + // 4
			"cleo@example.com,40,overwrite,,,\n" + // 5: equal
			"ada@example.com,1.5,add,,,\n" + // 6: no whole number
			"ada@example.com,1,,,,\n" + // 7
			"ada@example.com,1,double,,,\n" + // 8
			"ada@example.com,,,71,subtract,z\n" + // 9: one too many
			"ada@example.com,,,70,subtract,c\n" + // 10
			"ada@example.com,1000000000001,add,,,\n" // 11
		plan := f.run(bulk.Update, file, bulk.Options{DryRun: true})
		want := `2 updated [{"field":"xp","old":0,"new":10},{"field":"coins","old":100,"new":70},{"field":"plan","old":null,"new":"a"}]
3 failed [] coins:insufficient_balance:1
4 updated [{"field":"xp","old":10,"new":5}]
5 unchanged []
6 failed [] xp:amount_out_of_range:1.5
7 failed [] xp_op:missing_operation:
8 failed [] xp_op:unknown_operation:double
9 failed [] coins:insufficient_balance:71
10 updated [{"field":"coins","old":70,"new":0},{"field":"plan","old":"a","new":"c"}]
11 failed [] xp:amount_out_of_range:1000000000001`
		f.wantText(f.changeTexts(plan), want)
		f.wantBalances("ada", "0 100 0")
		applied, err := f.bulk.Apply(f.Context(), command, f.community, plan.JobID, "")
		f.ok(err)
		done := f.work(applied)
		f.want(done, bulk.CompletedWithErrors, 0, 3, 1, 0, 6)
		f.wantText(f.changeTexts(done), want)
		f.wantBalances("ada", "5 0 0")
		f.wantBalances("cleo", "40 0 0")
		if plan := f.member("ben").Values.Get("plan"); plan != nil {
			t.Errorf("a failed row changed the plan: %v", plan)
		}
		if n := f.wantSums(); n != 6 {
			t.Errorf("%d entries, want 6", n)
		}
		reason, err := sqldb.One(f.Context(), f.db, "entry", sqldb.Value[string], "SELECT reason FROM ledger_entries WHERE source_type = 'bulk_job' AND source_id = $1 AND unit = 'coins'", done.JobID+":10")
		if f.ok(err); reason != "Bulk update" {
			t.Errorf("reason %q", reason)
		}
		undo := f.undo(done)
		f.want(undo, bulk.Completed, 0, 3, 0, 0, 0)
		f.wantBalances("ada", "0 100 0")
		f.wantSums()
	})
}

func TestBalancesWithoutOperationsAreIgnored(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, three, bulk.Options{})
		f.post("ada", ledger.XP, 40)
		f.post("ada", ledger.Coins, 30)
		export := "Email,Plan,XP,Coins,Premium Currency\nada@example.com,a,7,8,9\nben@example.com,b,many,,\n"
		for _, kind := range []bulk.Type{bulk.Update, bulk.Import} {
			if s := f.run(kind, export, bulk.Options{}); s.Status != bulk.Completed {
				t.Errorf("%s: %s", kind, s.Status)
			}
			f.wantBalances("ada", "40 30 0")
			f.wantBalances("ben", "0 0 0")
		}
		s := f.run(bulk.Update, export, bulk.Options{})
		var said []string
		for _, w := range s.Warnings {
			said = append(said, fmt.Sprint(w.Code, " ", w.Count, ": ", w.Message.English))
		}
		f.wantText(strings.Join(said, "\n"), `columns_ignored 1: Columns that are not imported: Premium Currency. Map them to fields to import them.
columns_ignored 2: Columns that are not imported: XP, Coins. A balance changes only with operations, in a column such as xp_op.`)
		mixed := f.run(bulk.Update, "Email,XP,Coins,Coins_op\nada@example.com,7,8,add\n", bulk.Options{})
		f.wantText(f.changeTexts(mixed), `2 updated [{"field":"coins","old":30,"new":38}]`)
		f.wantBalances("ada", "40 38 0")
	})
}

func TestUpdateWithoutPlanPostsLikeOneWithIt(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, three, bulk.Options{})
		var file strings.Builder
		file.WriteString("Username,coins,coins_op\n")
		for i := range 64 {
			fmt.Fprintf(&file, "ada,%d,%s\n", 10+i%3, []string{"add", "add", "subtract"}[i%3])
		}
		f.bulk = f.withBatchRows(100)
		done := f.run(bulk.Update, file.String(), bulk.Options{})
		f.want(done, bulk.Completed, 0, 64, 0, 0, 0)
		f.wantBalances("ada", fmt.Sprintf("0 %d 0", 21*9+10))
		if n := f.wantSums(); n != 64 {
			t.Errorf("%d entries, want 64", n)
		}
		f.want(f.undo(done), bulk.Completed, 0, 64, 0, 0, 0)
		f.wantBalances("ada", "0 0 0")
		f.wantSums()
	})
}

func TestUndoKeepsTheSpentPartOfACredit(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, three, bulk.Options{})
		done := f.run(bulk.Update, "Username,coins,coins_op\nada,100,add\nben,50,add\nada,20,subtract\n", bulk.Options{})
		f.want(done, bulk.Completed, 0, 3, 0, 0, 0)
		f.post("ada", ledger.Coins, -30)
		undo := f.undo(done)
		f.want(undo, bulk.Completed, 0, 3, 0, 0, 0)
		f.wantText(f.changeTexts(undo), `4 updated [{"field":"coins","old":50,"new":70}]
3 updated [{"field":"coins","old":50,"new":0}]
2 updated [{"field":"coins","old":70,"new":0}] coins:spent:30`)
		f.wantBalances("ada", "0 0 0")
		f.wantSums()
		causes, err := f.bulk.Kept(f.Context(), command, f.community, undo.JobID)
		if f.ok(err); len(causes) != 1 || causes[0].Code != "spent" {
			t.Errorf("kept %+v", causes)
		}
	})
}

func TestPremiumCurrencyFile(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, three, bulk.Options{})
		f.post("ada", ledger.Premium, 120)
		f.post("ben", ledger.Premium, 200)
		file := "email,amount_op,amount,reason\nada@example.com,add,50,Spring bonus\nben@example.com,subtract,500,Correction\ncleo@example.com,overwrite,0,Reset\n"
		want := `2 updated [{"field":"premium","old":120,"new":170}]
3 failed [] amount:insufficient_balance:500
4 unchanged []`
		plan := f.run(bulk.Premium, file, bulk.Options{DryRun: true})
		f.wantText(f.changeTexts(plan), want)
		done := f.run(bulk.Premium, file, bulk.Options{})
		f.want(done, bulk.CompletedWithErrors, 0, 1, 1, 0, 1)
		f.wantText(f.changeTexts(done), want)
		f.wantText(f.failedCSV(done), "email,amount_op,amount,reason,_line,_error_column,_error_code,_error_message\nben@example.com,subtract,500,Correction,3,amount,insufficient_balance,The balance is not sufficient: 200 are available.\n")
		f.wantBalances("ada", "0 0 170")
		reason, err := sqldb.One(f.Context(), f.db, "entry", sqldb.Value[string], "SELECT reason FROM ledger_entries WHERE source_id = $1", done.JobID+":2")
		if f.ok(err); reason != "Spring bonus" {
			t.Errorf("reason %q", reason)
		}
		f.want(f.undo(done), bulk.Completed, 0, 1, 0, 0, 0)
		f.wantBalances("ada", "0 0 120")
		f.wantSums()
		rows := f.run(bulk.Premium, "Username,amount,amount_op,reason\nADA,5,add,\nada,0,add,\nada,,add,\nada,2,,\n,,,\nada,1,add,"+strings.Repeat("x", 201)+"\nada,1000000000001,overwrite,\nada,-1,subtract,\n", bulk.Options{})
		f.wantText(f.changeTexts(rows), `2 updated [{"field":"premium","old":120,"new":125}]
3 failed [] amount:amount_out_of_range:0
4 failed [] amount:required:
5 failed [] amount_op:missing_operation:
6 skipped []
7 failed [] reason:too_long:`+strings.Repeat("x", 200)+`…
8 failed [] amount:amount_out_of_range:1000000000001
9 failed [] amount:amount_out_of_range:-1`)
		if name := f.member("ada").Username; name != "ada" {
			t.Errorf("the file renamed a member: %s", name)
		}
	})
}

func TestPremiumCurrencyFileWithWrongHeaderIsRejected(t *testing.T) {
	each(t, func(f *fixture) {
		for header, code := range map[string]string{
			"email,amount,reason": "invalid_header", "email,amount_op,reason": "invalid_header", "email,username,amount,amount_op": "invalid_header",
			"email,amount,amount_op,country": "invalid_header", "amount,amount_op,reason": "no_identifying_column", "email,amount,amount_op,coins": "invalid_header",
		} {
			_, err := f.startUpload(f.Context(), f.input(bulk.Premium, header+"\na,b,c,d\n", bulk.Options{}))
			if !errs.Is(err, code) {
				t.Errorf("%s: %v, want %s", header, err, code)
			}
		}
	})
}

func TestPostsOfAnErasedMemberAreNotUndone(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, three, bulk.Options{})
		done := f.run(bulk.Update, "Username,xp,xp_op,Plan\nada,10,add,a\nben,20,add,b\n", bulk.Options{})
		f.want(done, bulk.Completed, 0, 2, 0, 0, 0)
		f.ok(f.members.Delete(f.Context(), command, f.community, []string{f.member("ada").ID}))
		deleted := f.run(bulk.Update, "Email,xp,xp_op\nada@example.com,10,add\n", bulk.Options{})
		if codes := f.codes(deleted); codes[2] != "member_deleted" {
			t.Errorf("codes %v", codes)
		}
		f.late = 25 * time.Hour
		f.ok(f.members.Sweep(f.Context()))
		f.want(f.undo(done), bulk.Completed, 0, 1, 1, 0, 0)
		f.wantSums()
		after := f.run(bulk.Update, "Email,xp,xp_op\nada@example.com,10,add\n", bulk.Options{})
		if codes := f.codes(after); codes[2] != "user_not_found" {
			t.Errorf("codes %v", codes)
		}
	})
}

func TestBalanceOverTheBoundIsOutOfRange(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, three, bulk.Options{})
		f.post("ada", ledger.XP, ledger.MaxAmount)
		id := f.member("ada").ID
		for _, query := range []string{"UPDATE ledger_balances SET posted = $1", "UPDATE ledger_entries SET amount = $1, balance_after = $1", "UPDATE ledger_lots SET amount = $1, remaining = $1"} {
			_, err := f.db.Exec(f.Context(), query, int64(ledger.MaxBalance-5))
			f.ok(err)
		}
		s := f.run(bulk.Update, "user_id,xp,xp_op\n"+id+",6,add\n"+id+",5,add\n"+id+",1,add\n"+id+",9007199254740992,overwrite\n", bulk.Options{})
		if got := fmt.Sprint(f.codes(s)); got != "map[2:amount_out_of_range 4:amount_out_of_range 5:amount_out_of_range]" {
			t.Errorf("codes %s", got)
		}
		f.wantBalances("ada", fmt.Sprintf("%d 0 0", int64(ledger.MaxBalance)))
		f.wantSums()
	})
}

func TestLotThatEndsBeforeTheBatchIsNotSpent(t *testing.T) {
	each(t, func(f *fixture) {
		f.run(bulk.Import, three, bulk.Options{})
		days := community.Expiry{Days: 1, RoundTo: community.RoundToNone}
		_, err := f.communities.Update(f.Context(), f.community, community.Change{CoinsExpiry: &days}, command)
		f.ok(err)
		f.run(bulk.Update, "Username,coins,coins_op\nada,10,add\nben,10,add\n", bulk.Options{})
		f.late += 72 * time.Hour
		s := f.run(bulk.Update, "Username,coins,coins_op\nada,1,subtract\nben,5,overwrite\n", bulk.Options{})
		f.wantText(f.changeTexts(s), `2 failed [] coins:insufficient_balance:1
3 updated [{"field":"coins","old":0,"new":5}]`)
		f.wantSums()
	})
}
