/** Dates as people write them, to ISO 8601: "3 May 2019", "May 3, 2019" and "03/05/2019" (the day first) to "2019-05-03". */
import type { Task } from "./task.ts";

const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const forms: ((year: number, month: number, day: number) => string)[] = [
  (year, month, day) => `${day} ${months[month - 1]} ${year}`,
  (year, month, day) => `${months[month - 1]} ${day}, ${year}`,
  (year, month, day) => `${twoDigits(day)}/${twoDigits(month)}/${year}`,
];

const [firstYear, lastYear] = [1900, 2099];

export const dates: Task = {
  name: "dates",
  characters: [...new Set(`${months.join("")}0123456789 ,/-`)].sort().join(""),
  sourceLength: "September 30, 2019".length,
  targetLength: "2019-09-30".length,
  example(random) {
    const year = firstYear + random(lastYear - firstYear + 1);
    const month = 1 + random(12);
    const day = 1 + random(new Date(Date.UTC(year, month, 0)).getUTCDate());
    const source = forms[random(forms.length)](year, month, day);
    return { source, target: `${year}-${twoDigits(month)}-${twoDigits(day)}` };
  },
};

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
