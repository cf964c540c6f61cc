"""Interest, loans, options, taxes: floats with a few ints and conditions."""

import math

from tests.differential.cases import case
from tests.differential.values import floats, ints

VAT = 0.19
BRACKETS = ((11_000, 0.10), (44_725, 0.12), (95_375, 0.22))


@case(floats(0, 1e5), floats(0, 0.2), ints(0, 40))
def compound_interest(principal, rate, years):
    return principal * (1 + rate) ** years


@case(floats(1, 1e5), floats(0, 0.15), ints(1, 360))
def annuity_payment(principal, rate, months):
    if rate == 0:
        return principal / months
    monthly = rate / 12
    return principal * monthly / (1 - (1 + monthly) ** -months)


@case(floats(0, 1e6))
def income_tax(income):
    if income <= 11_000:
        return income * 0.10
    elif income <= 44_725:
        return 1_100 + (income - 11_000) * 0.12
    elif income <= 95_375:
        return 5_147 + (income - 44_725) * 0.22
    else:
        return 16_290 + (income - 95_375) * 0.24


@case(floats(50, 150), floats(50, 150), floats(0.01, 2), floats(0, 0.1), floats(0.05, 0.6), odd=False)
def black_scholes_call(spot, strike, time, rate, volatility):
    spread = volatility * math.sqrt(time)
    d1 = (math.log(spot / strike) + (rate + volatility**2 / 2) * time) / spread
    d2 = d1 - spread
    return spot * normal_cdf(d1) - strike * math.exp(-rate * time) * normal_cdf(d2)


@case(floats(-6, 6), huge=True)
def normal_cdf(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


@case(floats(50, 150), floats(50, 150), floats(0.1, 1), odd=False)
def implied_volatility(price, spot, time):
    low, high = 1e-4, 4.0
    for _ in range(30):
        middle = 0.5 * (low + high)
        if black_scholes_call(spot, 100.0, time, 0.01, middle) < price:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@case(floats(80, 120), floats(0.05, 0.5), ints(1, 12), odd=False)
def binomial_option(spot, volatility, steps):
    """A European put on a recombining tree, as a sum over its final nodes."""
    dt = 1.0 / steps
    up = math.exp(volatility * math.sqrt(dt))
    p = (math.exp(0.02 * dt) - 1 / up) / (up - 1 / up)
    value = 0.0
    for k in range(steps + 1):
        weight = math.comb(steps, k) * p**k * (1 - p) ** (steps - k)
        value += weight * max(100.0 - spot * up ** (2 * k - steps), 0.0)
    return value * math.exp(-0.02)


@case(floats(-1000, 5000), floats(0.0, 0.3), ints(0, 20))
def net_present_value(cash_flow, rate, years):
    value = -1000.0
    for t in range(1, years + 1):
        value += cash_flow / (1 + rate) ** t
    return value


@case(floats(100, 2000), ints(1, 15))
def internal_rate_of_return(cash_flow, years):
    rate = 0.1
    for _ in range(50):
        value, slope = -1000.0, 0.0
        for t in range(1, years + 1):
            discount = (1 + rate) ** t
            value += cash_flow / discount
            slope -= t * cash_flow / (discount * (1 + rate))
        step = value / slope
        rate -= step
        if abs(step) < 1e-12:
            break
        if rate <= -1:
            return None
    return rate


@case(floats(0, 1000), floats(0, 100))
def price_with_vat(net, discount_percent):
    return round(net * (1 - discount_percent / 100) * (1 + VAT), 2)


@case(floats(0, 1e5), floats(0, 3000))
def months_to_pay_off(balance, payment):
    months = 0
    while balance > 0:
        interest = balance * 0.015
        if payment <= interest:
            return None
        balance = balance + interest - payment
        months += 1
        if months > 500:
            return -1
    return months


@case(floats(1, 1e5), floats(0, 0.3))
def years_to_double(amount, rate):
    if rate <= 0:
        return math.inf
    target, years = 2 * amount, 0
    while amount < target and years < 1000:
        amount *= 1 + rate
        years += 1
    return years


@case(ints(0, 10_000_00))
def split_cents(cents):
    """The number of notes and coins in a till's change."""
    pieces = 0
    pieces += cents // 5000
    cents %= 5000
    pieces += cents // 1000
    cents %= 1000
    pieces += cents // 100
    cents %= 100
    return pieces + cents // 25 + cents % 25


@case(floats(0, 100), floats(0, 100))
def bid_ask_mid(bid, ask):
    assert bid <= ask, "crossed market"
    return (bid + ask) / 2


@case(floats(-0.5, 0.5), ints(1, 30))
def annualised_return(total_return, years):
    if years <= 0 or total_return <= -1:
        raise ValueError("need positive years and a return above -100 %")
    return (1 + total_return) ** (1 / years) - 1


@case(floats(0, 1e6), floats(0, 50), ints(1, 40))
def straight_line_depreciation(cost, salvage_percent, life):
    salvage = cost * salvage_percent / 100
    per_year = (cost - salvage) / life
    book = cost
    for year in range(life):
        book -= per_year
        if book < salvage:
            book = salvage
    return book


@case(floats(0, 0.2), floats(0, 0.2), ints(1, 30), floats(50, 150))
def bond_price(coupon, market_yield, years, face):
    price = 0.0
    discount = 1.0
    for _ in range(2 * years):
        discount /= 1 + market_yield / 2
        price += face * coupon / 2 * discount
    return price + face * discount


@case(floats(0.3, 0.7), floats(0.5, 3.0))
def kelly_fraction(win_probability, odds):
    fraction = win_probability - (1 - win_probability) / odds
    return fraction if fraction > 0 else 0


@case(floats(0, 5e5), compiled=None)
def tax_by_table(income):
    """The brackets are read from a module-level tuple of tuples."""
    tax, lower = 0.0, 0
    for limit, rate in BRACKETS:
        if income > lower:
            tax += (min(income, limit) - lower) * rate
        lower = limit
    return tax


@case(floats(0, 2000), ints(0, 40))
def savings_plan(monthly, years):
    balance = 0
    for month in range(12 * years):
        balance += monthly
        if month % 12 == 11:
            balance *= 1.03
    return balance
