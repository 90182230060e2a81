"""What a practice is charged for its new patients, and the requests not to be charged.

`settings` and `prices` say how much, `periods` when, `adjustments` what may be asked,
`invoices` what stands on an invoice, `outcomes` what became of a booking. Money is integer cents.
"""
