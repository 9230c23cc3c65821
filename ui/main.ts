// The entry of the UI.
import { mount } from 'svelte';
import App from './App.svelte';
import './theme.css';

const target = document.querySelector('#app');
if (target) mount(App, { target });
