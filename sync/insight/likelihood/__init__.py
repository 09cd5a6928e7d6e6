"""How likely a lead is to become an opportunity, learnt from the org's own past.

`history` says which leads were seen when and what became of them, `columns` and `states` what was known of them then,
`leaks` which columns give the answer away, `fit` learns a `scorecard`, `training` puts it together, `scoring` applies
it. Only `fit` needs scikit-learn; what it leaves behind is a table of points in a JSON file.
"""
