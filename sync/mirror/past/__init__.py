"""The mirror as it stood on an earlier day: leads, activities and opportunities by what was known then.

Salesforce answers only with the present. The past is put together from what the org and the mirror have kept: field
history, the snapshots of opportunities, the versions that earlier pulls have seen, and the times that records carry.
`sync.mirror.past.opening.Past` is the way in; the backtest and the training of likelihoods read through it.
"""
