// Asks for the tiles of the page that the address names while the rest of the code is still on its way.
import {load, pageOf, TILES} from './data.js';

for (const name of ['index', ...TILES[pageOf(location.hash)]]) load(name).catch(() => {}); // the page says what is wrong
