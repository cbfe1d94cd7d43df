package ledger

import (
	"context"
	"net/http"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/ledger"
	"github.com/regulars/regulars/internal/ledger/chain"
)

type verifyInput struct {
	wire.CommunityQuery
	Full           bool   `query:"full" doc:"From the start, as a job. This is also done if more than 100,000 entries were never verified."`
	VerificationID string `query:"verificationId" maxLength:"24" doc:"Reads the result of that job."`
}

type ledgerVerification struct {
	VerificationID string           `json:"verificationId,omitempty" doc:"Of a verification from the start."`
	StatusURL      string           `json:"statusUrl,omitempty" doc:"While it runs."`
	OK             *bool            `json:"ok,omitempty" doc:"The chain and all checked balances are right. Absent while it runs, like all that follows."`
	Entries        *int64           `json:"entries,omitempty" doc:"The number of sealed entries."`
	SealedUpTo     string           `json:"sealedUpTo,omitempty" doc:"The last one."`
	Head           string           `json:"head,omitempty" doc:"The SHA-256 hash after it, in hex."`
	Broken         []string         `json:"broken,omitempty" doc:"The last entries of seals whose hash differs, at most 100."`
	Stray          int64            `json:"stray,omitempty" doc:"The number of entries that the ledger did not post. Only from the start."`
	Balances       *checkedBalances `json:"balances,omitempty"`
	AsOf           string           `json:"asOf,omitempty" format:"date-time"`
}

type checkedBalances struct {
	Checked int64          `json:"checked"`
	Wrong   []wrongBalance `json:"wrong" nullable:"false" doc:"At most 100."`
}

type wrongBalance struct {
	UserID   *string     `json:"userId" doc:"The _id of the user; null after erasure."`
	Unit     ledger.Unit `json:"unit" enum:"xp,coins,premium"`
	Cached   int64       `json:"cached" doc:"The balance."`
	Computed int64       `json:"computed" doc:"The sum of the entries."`
}

type verifyOutput struct {
	Status int
	Body   api.Success[ledgerVerification]
}

func (h *handlers) verify(ctx context.Context, in *verifyInput) (*verifyOutput, error) {
	caller, communityID := actor.FromContext(ctx), api.CommunityID(ctx)
	switch {
	case in.VerificationID != "":
		r, done, err := h.chain.Verification(ctx, caller, communityID, in.VerificationID)
		if err != nil {
			return nil, err
		}
		if !done {
			return running(in.VerificationID), nil
		}
		return verified(in.VerificationID, r), nil
	case in.Full:
		verificationID, err := h.chain.VerifyAll(ctx, caller, communityID)
		if err != nil {
			return nil, err
		}
		return running(verificationID), nil
	default:
		r, verificationID, err := h.chain.Verify(ctx, caller, communityID)
		if err != nil {
			return nil, err
		}
		if verificationID != "" {
			return running(verificationID), nil
		}
		return verified("", r), nil
	}
}

func running(verificationID string) *verifyOutput {
	data := ledgerVerification{VerificationID: verificationID, StatusURL: "/v1/gamification/ledger/verify?verificationId=" + verificationID}
	return &verifyOutput{http.StatusAccepted, api.Success[ledgerVerification]{Status: "success", Message: "The verification is running", Data: data}}
}

func verified(verificationID string, r chain.Result) *verifyOutput {
	wrong := api.Convert(r.Wrong, func(w chain.Wrong) wrongBalance {
		out := wrongBalance{Unit: w.Unit, Cached: w.Cached, Computed: w.Computed}
		if w.UserID != "" {
			out.UserID = &w.UserID
		}
		return out
	})
	data := ledgerVerification{
		VerificationID: verificationID, OK: &r.OK, Entries: &r.Entries, SealedUpTo: r.SealedUpTo, Head: r.Head, Broken: r.Broken, Stray: r.Stray,
		Balances: &checkedBalances{r.Checked, wrong}, AsOf: clock.Format(r.AsOf),
	}
	return &verifyOutput{http.StatusOK, api.Success[ledgerVerification]{Status: "success", Message: "Ledger verified", Data: data}}
}
