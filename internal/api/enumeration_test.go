package api_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/account/signin"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// TestCommunityDoesNotRevealAccountsElsewhere runs one script on two
// installations. In the second one the addresses and usernames of the script
// belong to accounts that are members of another community; the first one has
// as many accounts with other names, so that numbers are the same. Every response
// of the API, every page and every row of the community must be the same, except
// ids, times and secrets.
func TestCommunityDoesNotRevealAccountsElsewhere(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			var transcripts [2][]string
			for i, prefix := range []string{"other-", ""} {
				a := apptest.New(t, engine, apptest.WithConfig(func(c *apptest.Config) { c.AnonymousPerSec = 0 }))
				transcripts[i] = newProbe(t, a, prefix).run()
			}
			if len(transcripts[0]) < 300 {
				t.Fatalf("the script has %d lines", len(transcripts[0]))
			}
			compareProbes(t, transcripts[0], transcripts[1])
		})
	}
}

// compareProbes reports the first differences of two transcripts: later ones may
// follow from them.
func compareProbes(t *testing.T, without, with []string) {
	t.Helper()
	const most = 20
	shown := 0
	for i := 0; i < min(len(without), len(with)) && shown < most; i++ {
		if d := cmp.Diff(strings.Split(without[i], "\n"), strings.Split(with[i], "\n")); d != "" {
			what, _, _ := strings.Cut(without[i], "\n")
			t.Errorf("%.300s\naccounts elsewhere make a difference (- nobody has one, + they have):\n%.3000s", what, d)
			shown++
		}
	}
	if len(without) != len(with) {
		t.Errorf("%d and %d lines", len(without), len(with))
	}
}

// elsewhere are the accounts of the other community, with address and username.
// With dan, the two belong to different persons.
var elsewhere = [][2]string{
	{"ann@example.com", "ann"},
	{"ben@example.com", "benny"},
	{"catherine@example.com", "cat"},
	{"dan@example.com", "daniel"},
	{"daniela@example.com", "dan"},
	{"eve@example.com", "eve"},
	{"gil@example.com", "gil"},
	{"hal@example.com", "hally"},
	{"ivana@example.com", "ivy"},
	{"new@example.com", "newname"},
}

// probe runs the script and records a line for everything visible.
type probe struct {
	*populated
	key, plain, stranger string // credentials
	lines                []string
	names                map[string]string // placeholders of ids and secrets, in the order of their appearance
}

func newProbe(t *testing.T, a *apptest.App, prefix string) *probe {
	t.Helper()
	other := populated{T: t, app: a, community: a.Community(t)}
	for i, e := range elsewhere {
		in := signin.Input{Email: prefix + e[0], Username: prefix + e[1]}
		if online := i%5 == 0; online {
			in.Password = secretPhrase
		}
		account, err := a.Accounts.CreateAccount(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		other.join(account)
		if in.Password != "" {
			token, _ := login(t, a, in.Username, secretPhrase).at("data.token").(string)
			send(t, a, "GET", "/v1/servers/"+other.community+"/channels", token, "")
		}
	}
	if _, err := a.DB.Exec(t.Context(), "UPDATE accounts SET email_verified_at = created_at WHERE username <> $1", prefix+"ivy"); err != nil {
		t.Fatal(err)
	}
	w := &probe{populated: newPopulated(t, a), names: map[string]string{}}
	w.quiet()
	w.key = a.Key(t, w.community)
	for _, c := range w.credentials {
		switch c.name {
		case "a stranger's session":
			w.stranger = c.token
		case "a member without permission":
			w.plain = c.token
		}
	}
	return w
}

var (
	wallsID    = regexp.MustCompile(`%3A[0-9a-f]{24}\b|\b[0-9a-f]{24}\b|\b[0-9a-f]{12}\b|…[0-9a-f]{4}\b|"hint":"\w+"|\b[A-Za-z0-9_-]{32,}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b`)
	wallsTimes = regexp.MustCompile(`(?s)<time[^>]*>.*?</time>|\d{4}-\d\d-\d\d(T[\d:.]+Z)?|\b\d{13}\b|"(?:rowsPerSecond|etaSeconds|timeSpent|time_spent)":[^,}]*|Minutes here</dt><dd>\d+|,\d+,\d+,(?:true|false)(?:,[^,\r]*){0,2}\r|"(?:created|removed)": ?"[A-Za-z0-9+/]{16,}=*"|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]+ GMT|\d+(?:\.\d+)? (?:s|ms|seconds?|minutes?)\b`)
)

// plainly removes times from a text and replaces ids and secrets by placeholders.
// With known, unseen ones have no number.
func (w *probe) plainly(text string, known bool) string {
	_, port, _ := strings.Cut(strings.TrimPrefix(w.app.URL(), "http://"), ":")
	text = strings.NewReplacer(":"+port, ":PORT", "%3A"+port, ":PORT").Replace(text)
	text = wallsTimes.ReplaceAllString(text, "TIME")
	return wallsID.ReplaceAllStringFunc(text, func(id string) string {
		if len(id) >= 32 && strings.ToLower(id) == id && !strings.ContainsAny(id, "0123456789") {
			return id // a long word; some secrets have no digit, but all have capitals
		}
		name, ok := w.names[id]
		if !ok && known {
			return "ID"
		}
		if !ok {
			name = fmt.Sprintf("ID%d", len(w.names)+1)
			w.names[id] = name
		}
		return name
	})
}

// note records a line.
func (w *probe) note(what, text string) { w.lines = append(w.lines, w.plainly(what+"\n"+text, false)) }

// see records a response.
func (w *probe) see(as, what string, got reply) reply {
	w.Helper()
	var header []string
	for name, values := range got.header {
		if !slices.Contains([]string{"Date", "Content-Length", "X-Request-Id", "Etag", "Set-Cookie", "Ratelimit-Reset"}, name) {
			header = append(header, name+": "+strings.Join(values, ", "))
		}
	}
	slices.Sort(header)
	text := got.text
	if _, last, found := strings.Cut(text, "event: done"); found { // the number of progress events depends on time
		text = last
	}
	w.note(as+" "+what, fmt.Sprintf("%d %s\n%s", got.status, strings.Join(header, "\n"), strings.ReplaceAll(text, got.header.Get("X-Request-Id"), "REQUEST")))
	return got
}

// ask sends a request and records the response.
func (w *probe) ask(as, token, method, path, body string) reply {
	w.Helper()
	return w.see(as, method+" "+path+" "+body, send(w.T, w.app, method, path, token, body))
}

// owned is ask as the owner.
func (w *probe) owned(method, path, body string) reply {
	w.Helper()
	return w.ask("owner", w.owner, method, path, body)
}

// run is the script.
func (w *probe) run() []string {
	w.Helper()
	w.people()
	w.lists()
	w.files()
	w.systems()
	w.added()
	w.doors()
	w.changes()
	w.pages()
	w.quiet()
	w.everything()
	w.quiet()
	w.rows()
	return w.lines
}

// people creates members one by one, and again.
func (w *probe) people() {
	w.Helper()
	for _, p := range [][2]string{
		{"ann@example.com", "ann"},
		{"ben@example.com", "ben"},
		{"cat@example.com", "cat"},
		{"dan@example.com", "dan"},
		{"ann@example.com", "ann"},
		{"ann@example.com", "anna"},
		{"anna@example.com", "ann"},
		{"ben@example.com", "benny"},
		{"cat@example.com", "dan"},
		{"ANN@Example.com", "Ann"},
		{"catherine@example.com", "newname"},
	} {
		for _, as := range [][2]string{{"owner", w.owner}, {"key", w.key}} {
			w.ask(as[0], as[1], "POST", "/v1/users", `{"communityId":"`+w.community+`","firstname":"A","lastname":"B","username":"`+p[1]+`","email":"`+p[0]+`","displayname":"","joinServer":true,"emailPassword":false,"sendEmail":true,"referral":"eve"}`)
		}
	}
	w.owned("POST", "/v1/users", `{"communityId":"`+w.community+`","firstname":"E","lastname":"B","username":"newname-2","email":"new@example.com","displayname":"","joinServer":false,"emailPassword":true,"sendEmail":false,"password":"correct-horse-battery","confirmPassword":"correct-horse-battery"}`)
	for _, name := range []string{"ann", "ann@example.com", "ben", "benny", "cat", "catherine@example.com", "dan", "eve", "eve@example.com", "new@example.com", "1", "2", "3", "4", "5", "20"} {
		for _, as := range [][2]string{{"owner", w.owner}, {"key", w.key}, {"plain", w.plain}, {"stranger", w.stranger}, {"nobody", ""}} {
			w.ask(as[0], as[1], "POST", "/v1/users/info", `{"communityId":"`+w.community+`","idOrEmail":"`+name+`"}`)
		}
	}
	w.ids["userId"], _ = w.owned("POST", "/v1/users/info", `{"communityId":"`+w.community+`","idOrEmail":"ann"}`).at("data._id").(string)
	if w.ids["userId"] == "" {
		w.Fatal("ann is no member")
	}
}

// lists lists members with every order and filter.
func (w *probe) lists() {
	w.Helper()
	users := "/v1/communities/" + w.community + "/users"
	for _, sort := range []string{"created", "-created", "username", "-username", "email", "-email"} {
		w.owned("GET", users+"?sort="+sort, "")
	}
	for _, search := range []string{"ann", "eve", "dan", "example.com", "benny"} {
		w.owned("GET", users+"?search="+search, "")
	}
	for _, filter := range []string{`{"email":"ann@example.com"}`, `{"email":"eve@example.com"}`, `{"username":"dan"}`, `{"username":"eve"}`, `{"user_id":{"lt":1000}}`} {
		w.owned("POST", "/v1/users/filter", `{"communityId":"`+w.community+`","fields":["email","username","user_id","first_name","join_date"],"filter":`+filter+`}`)
	}
	c := "/v1/communities/" + w.community
	w.owned("GET", "/v1/users/"+w.ids["userId"]+"?communityId="+w.community, "")
	w.owned("GET", users+"/"+w.ids["userId"], "")
	w.owned("GET", c+"/user-field-histories", "")
	w.owned("GET", users+"/"+w.ids["userId"]+"/user-field-histories", "")
}

// files imports files in every way, undoes and repeats the imports.
func (w *probe) files() {
	w.Helper()
	const file = "First Name,Last Name,Username,Email,Phone,Tag\n" +
		"Ann,B,ann,ann@example.com,+442071234567,\nAnn,B,other,ann@example.com,,\nGil,B,gil,gil@example.com,,regular\nHal,B,hal,hal@example.com,,new tag\n" +
		"Ivy,B,ivy,ivy@example.com,,\nEve,B,eve2,eve@example.com,,\nX,Y,eve,x@example.com,,\nX,Y,gil,gil2@example.com,,\nBad,Y,,none,,\nDan,B,dan,ann@example.com,,\nNew,B,daniel,daniela@example.com,,\n"
	const changed = "Email,Phone\nann@example.com,+442071234568\neve@example.com,\ngil@example.com,+442071234569\nbenny@example.com,\n"
	var last, plan string
	for _, options := range [][]string{
		{"dryRun", "true"},
		{"dryRun", "true", "mode", "create"},
		{"dryRun", "true", "mode", "update", "createTags", "true"},
		{"mode", "update"},
		{"mode", "create"},
		{"createTags", "true"},
		{},
	} {
		last = w.file("/v1/users/bulk-import", file, options...)
		if plan == "" {
			plan = last
		}
	}
	w.file("/v1/users/bulk-update", changed)
	w.file("/v1/users/bulk-update", "Username,Phone\nbenny,+442071234568\neve,\ndan,+442071234569\nnewname,\n")
	w.file("/v1/users/bulk-update", "user_id,Phone\n1,+442071234568\n2,\n3,+442071234569\n4,\n", "dryRun", "true")
	w.follow("/v1/users/bulk-update/" + plan + "/apply")
	w.follow("/v1/users/bulk-update/" + last + "/undo")
	again := w.file("/v1/users/bulk-import", "First Name,Last Name,Username,Email\nZoe,B,newname,new2@example.com\nKit,B,benny,kit@example.com\nDaniela,B,daniela,daniela2@example.com\n")
	w.follow("/v1/users/bulk-update/" + again + "/undo")
	w.file("/v1/users/bulk-import", "First Name,Last Name,Username,Email\nZoe,B,newname,new2@example.com\nKit,B,benny,kit@example.com\n")
	w.ids["jobId"] = again
}

// file uploads a file and records everything about its job.
func (w *probe) file(path, file string, options ...string) (jobID string) {
	w.Helper()
	got := w.see("key", path+" "+strings.Join(options, " "), sendForm(w.T, w.app, path, w.key, file, nil, options...))
	jobID, _ = got.at("data.jobId").(string)
	w.job(jobID)
	return jobID
}

// follow starts a job from another one.
func (w *probe) follow(path string) {
	w.Helper()
	jobID, _ := w.owned("POST", path+"?communityId="+w.community, "").at("data.jobId").(string)
	if jobID != "" {
		w.job(jobID)
	}
}

func (w *probe) job(jobID string) {
	w.Helper()
	finish(w.T, w.app, w.key, jobID)
	for _, part := range []string{"status", "details", "details?outcome=failed", "failed.csv"} {
		w.ask("key", w.key, "GET", "/v1/users/bulk-update/"+jobID+"/"+part, "")
	}
}

// systems sends the operations for other systems.
func (w *probe) systems() {
	w.Helper()
	limited := 0
	for _, who := range []string{"email=ann@example.com", "userId=ann", "email=eve@example.com", "userId=eve", "userId=benny", "userId=dan&email=ann@example.com", "userId=" + w.ids["userId"]} {
		for _, action := range []string{"login", "logout"} {
			got := w.see("key", "secure-auth "+who+" "+action, send(w.T, w.app, "GET", "/v1/auth/secure-auth?action="+action+"&"+who, "", "", "apiKey", w.key))
			if link, _ := got.at("loginUrl").(string); strings.Contains(link, "token=") {
				w.limited(link)
				limited++
			}
		}
	}
	if limited == 0 {
		w.Error("no other system signed a member in")
	}
	server := "/v1/servers/" + w.community
	for _, body := range []string{`{}`, `{"email":"ann@example.com"}`, `{"email":"eve@example.com"}`} {
		w.owned("POST", server+"/invites", body)
	}
	w.owned("GET", server+"/invites", "")
}

// doors sends the public operations.
func (w *probe) doors() {
	w.Helper()
	for _, name := range []string{"ann@example.com", "ann", "eve@example.com", "eve", "benny", "nobody@example.com"} {
		w.ask("nobody", "", "POST", "/v1/auth/login", `{"emailOrUsername":"`+name+`","password":"wrong-horse-battery"}`)
	}
	for _, email := range []string{"ann@example.com", "eve@example.com", "nobody@example.com"} {
		w.ask("nobody", "", "POST", "/v1/auth/forgot-password", `{"email":"`+email+`"}`)
		w.ask("nobody", "", "POST", "/v1/auth/register", `{"email":"`+email+`","username":"eve","password":"a-long-secret-phrase","firstname":"E","lastname":"E"}`)
	}
}

// limited opens the link of another system and visits pages.
func (w *probe) limited(link string) {
	w.Helper()
	_, token, _ := strings.Cut(link, "token=")
	session, _, err := w.app.Accounts.RedeemLink(w.Context(), token, wallsBrowser)
	w.note("redeem", fmt.Sprint(err))
	if err != nil {
		return
	}
	for _, path := range []string{"/v1/auth/me", "/v1/servers", "/v1/auth/sessions", "/v1/servers/" + w.community, "/v1/servers/" + w.community + "/channels"} {
		w.ask("limited", session, "GET", path, "")
	}
	for _, path := range []string{"/", "/c/" + w.community + "/home", "/account"} {
		w.page("limited", session, http.MethodGet, path, "")
	}
}

// changes sends operations of staff on a member: renames, penalties, deletion.
func (w *probe) changes() {
	w.Helper()
	user := "/v1/communities/" + w.community + "/users/" + w.ids["userId"]
	for _, name := range []string{"eve", "benny", "dan", "ann", "daniel", "anne"} {
		got := w.owned("POST", user+"/user-fields/username/histories", `{"value":"`+name+`"}`)
		if row, _ := got.at("data._id").(string); row != "" && name == "daniel" {
			w.owned("POST", "/v1/communities/"+w.community+"/user-field-histories/"+row+"/revert", "")
		}
	}
	w.owned("POST", user+"/user-fields/phone/histories", `{"value":"+442071234000"}`)
	w.owned("POST", user+"/user-fields/email/histories", `{"value":"eve@example.com"}`)
	w.owned("GET", user+"/user-field-histories", "")
	in := `{"communityId":"` + w.community + `",`
	banned, _ := w.owned("POST", "/v1/users/info", in+`"idOrEmail":"ben@example.com"}`).at("data._id").(string)
	for _, p := range [][2]string{{"warn", w.ids["userId"]}, {"ban", banned}} {
		got := w.owned("POST", "/v1/servers/"+w.community+"/penalties", `{"userId":"`+p[1]+`","kind":"`+p[0]+`","reason":"Late"}`)
		penalty, _ := got.at("data._id").(string)
		w.file("/v1/users/bulk-import", "First Name,Last Name,Username,Email\nAnn,B,anne,ann@example.com\nBen,B,ben,ben@example.com\n")
		w.owned("DELETE", "/v1/servers/"+w.community+"/penalties/"+penalty, "")
	}
	for _, action := range []string{"delete", "delete", "restore", "restore", "delete"} {
		w.owned("POST", "/v1/users/manage", in+`"action":"`+action+`","user":"`+w.ids["userId"]+`"}`)
		w.file("/v1/users/bulk-import", "First Name,Last Name,Username,Email\nAnn,B,ann,ann@example.com\nGil,B,gil,gil@example.com\n")
	}
	w.owned("POST", "/v1/users/manage", in+`"action":"restore","user":"`+w.ids["userId"]+`"}`)
	w.owned("POST", "/v1/users/manage", in+`"action":"delete","user":"eve"}`)
}

// rows records the rows of the community in all tables.
func (w *probe) rows() {
	w.Helper()
	const moving = "event_positions event_sequences events.sequence events.append_order stats_members ledger_seals ledger_unsealed jobs job_nodes job_schedules goose_db_version idempotency_keys member_presence presence_days member_visits media rate_limit_counters member_counts message_counts " +
		"bulk_batches.outcomes api_keys.hint mail_outbox.body_html mail_outbox.body_text mail_outbox.subject"
	var rows []string
	for _, row := range sqldbtest.Dump(w.T, w.app.DB, strings.Fields(moving)...) {
		if strings.Contains(row, "community_id="+w.community) {
			rows = append(rows, w.plainly(row, true))
		}
	}
	slices.Sort(rows)
	w.lines = append(w.lines, rows...)
	w.mails()
}

// mails records the mails of the community.
func (w *probe) mails() {
	w.Helper()
	list, _, err := w.app.Mail.Unsent(w.Context(), actor.Actor{Kind: actor.Command}, "", 200)
	if err != nil {
		w.Fatal(err)
	}
	mails := 0
	for _, m := range list {
		if m.CommunityID != w.community {
			continue
		}
		mails++
		w.note("mail "+m.To, fmt.Sprint(m.Language, m.Template, m.Subject, m.Text, m.HTML, m.State, m.Error, m.Sender))
	}
	if mails == 0 {
		w.Error("the community wrote no mail")
	}
}
