// The look, light or dark: what the reader chose last, or what the system says.
const button = document.getElementById('theme');

function set(dark) {
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  button.setAttribute('aria-pressed', String(dark));
}

const remembered = localStorage.getItem('theme');
set(remembered ? remembered === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);

// Call `changed` when the reader chooses the other look.
export function onTheme(changed) {
  button.addEventListener('click', () => {
    const dark = document.documentElement.dataset.theme !== 'dark';
    localStorage.setItem('theme', dark ? 'dark' : 'light');
    set(dark);
    changed();
  });
}
