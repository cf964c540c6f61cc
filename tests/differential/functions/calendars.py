"""Days, weeks, leap years, Easter, clocks."""

from tests.differential.cases import case
from tests.differential.values import ints

EPOCH = 719163  # proleptic Gregorian ordinal of 1970-01-01


@case(ints(-400, 3000), huge=True)
def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@case(ints(1, 13), ints(1890, 2110))
def days_in_month(month, year):
    if month == 2:
        return 29 if is_leap(year) else 28
    if month in (4, 6, 9, 11):
        return 30
    if 1 <= month <= 12:
        return 31
    raise ValueError(f"month must be in 1..12, not {month}")


@case(ints(1, 31), ints(1, 12), ints(1583, 2400))
def zeller(day, month, year):
    if month < 3:
        month += 12
        year -= 1
    k, j = year % 100, year // 100
    return (day + 13 * (month + 1) // 5 + k + k // 4 + j // 4 + 5 * j) % 7


@case(ints(-2000, 3000), ints(1, 12), ints(1, 31))
def julian_day(year, month, day):
    a = (14 - month) // 12
    y = year + 4800 - a
    m = month + 12 * a - 3
    return day + (153 * m + 2) // 5 + 365 * y + y // 4 - y // 100 + y // 400 - 32045


@case(ints(-800_000, 3_000_000))
def days_from_civil_inverse(days):
    """The civil date of a day number, as the int yyyymmdd."""
    days += 719468
    era = days // 146097
    doe = days - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    day = doy - (153 * mp + 2) // 5 + 1
    month = mp + 3 if mp < 10 else mp - 9
    year = yoe + era * 400 + (month <= 2)
    return year * 10000 + month * 100 + day


@case(ints(1583, 2999))
def easter(year):
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return month * 100 + day + 1


@case(ints(1900, 2100), ints(1, 12))
def friday_the_thirteenth(year, month):
    return zeller(13, month, year) == 6


@case(ints(1900, 2100))
def fridays_the_thirteenth_in(year):
    return sum(1 for month in range(1, 13) if friday_the_thirteenth(year, month))


@case(ints(1, 366), ints(1990, 2030))
def month_of_day(day_of_year, year):
    for month in range(1, 13):
        length = days_in_month(month, year)
        if day_of_year <= length:
            break
        day_of_year -= length
    else:
        return None
    return month


@case(ints(0, 10**9))
def unix_time_to_clock(seconds):
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return hours % 24 * 10000 + minute * 100 + second


@case(ints(0, 10**9))
def weekday_of_unix_time(seconds):
    return (seconds // 86400 + 3) % 7


@case(ints(1, 12), ints(0, 59))
def clock_hands_angle(hour, minute):
    angle = abs(30 * (hour % 12) - 5.5 * minute)
    return min(angle, 360 - angle)


@case(ints(1900, 2100), ints(1, 366))
def iso_week(year, day_of_year):
    first_weekday = (julian_day(year, 1, 1)) % 7
    week = (day_of_year + first_weekday + 2) // 7
    if week < 1:
        return iso_week(year - 1, 366 if is_leap(year - 1) else 365)
    if week == 53 and (first_weekday + (366 if is_leap(year) else 365)) % 7 < 4:
        return 1
    return week


@case(ints(0, 100))
def leap_days_before(year):
    year -= 1
    return year // 4 - year // 100 + year // 400


@case(ints(1, 12), ints(1, 31))
def season(month, day):
    key = month * 100 + day
    if 320 <= key < 621:
        return 1
    if 621 <= key < 923:
        return 2
    if 923 <= key < 1221:
        return 3
    return 0


@case(ints(-5000, 5000))
def chinese_zodiac(year):
    return (year - 4) % 12


@case(ints(1, 30), ints(0, 23), ints(-12, 14))
def shift_timezone(day, hour, offset):
    hour += offset
    if hour < 0:
        return (day - 1) * 100 + hour + 24
    elif hour >= 24:
        return (day + 1) * 100 + hour - 24
    return day * 100 + hour
